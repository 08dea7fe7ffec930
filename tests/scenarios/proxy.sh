# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A bucket behind a proxy that spoils requests, and counts them (tests/tools/faultproxy.c). For
# scenarios that begin with lib.sh, beside tests/with-s3-server, with STORE=http.

[ "${STORE:-dir}" = http ] || skip_all "this is for a bucket over http, beside with-s3-server"
# Straight to the bucket, not as a directory's scenario.
# shellcheck disable=SC2034
LAMBDAIMG=$LAMBDAIMG_PROGRAM
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
export AWS_ENDPOINT_URL_S3=$S3_HTTP AWS_CONFIG_FILE=$WORK/config

# Credentials that are others each time they are asked for, as those of roles are; what runs beside
# has a TURN of its own.
cat >config <<END
[default]
credential_process = $WORK/credentials
END
cat >credentials <<END
#!/bin/bash
if mv "\$TURN" "\$TURN.other" 2>/dev/null; then
    pair='"AccessKeyId": "$S3_KEY", "SecretAccessKey": "$S3_SECRET"'
else
    mv "\$TURN.other" "\$TURN"
    pair='"AccessKeyId": "$S3_KEY_2", "SecretAccessKey": "$S3_SECRET_2"'
fi
echo "{\"Version\": 1, \$pair, \"Expiration\": \"2100-01-01T00:00:00Z\"}"
END
chmod +x credentials
export TURN=$WORK/turn
touch "$TURN"

# proxy SEED PERCENT [FAULT...]: starts one; sets PROXY, its URL, PROXY_PID and PROXY_LOG.
proxy() {
    local i

    proxies=$((${proxies:-0} + 1))
    PROXY_LOG=$WORK/proxy.$proxies.log
    "$TOOLS/faultproxy" "${S3_HTTP##*:}" "$PROXY_LOG" "$@" >"$PROXY_LOG.url" 2>"$PROXY_LOG.err" &
    PROXY_PID=$!
    started+=("$PROXY_PID")
    for ((i = 0; i < 200; i++)); do
        # shellcheck disable=SC2034
        read -r PROXY 2>/dev/null <"$PROXY_LOG.url" && return
        sleep 0.02
    done
    echo "Bail out! there is no proxy: $(cat "$PROXY_LOG.err")"
    exit 1
}

end_proxy() {
    kill "$PROXY_PID"
    wait "$PROXY_PID" 2>/dev/null
}

# stored_twice LOG: the chunks that the server has written more than once in there.
stored_twice() {
    awk '$3 == "PUT" && $4 ~ /\/chunks\// {
        count = split($5, said, ",")
        for (i = 1; i <= count; i++)
            if (said[i] == 200) written[$4]++
    }
    END { for (key in written) if (written[key] > 1) print key, written[key] }' "$1"
}
