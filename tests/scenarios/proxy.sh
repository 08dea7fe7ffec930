# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A bucket behind a proxy that spoils requests, and counts them (tests/tools/faultproxy.c), or one that
# spoils connections (faultstream.c). For scenarios that begin with lib.sh, beside
# tests/with-s3-server, with STORE=http, or https: then the program speaks TLS with the proxy.

[ "${STORE:-dir}" != dir ] || skip_all "this is for a bucket, beside with-s3-server"
# Straight to the bucket, not as a directory's scenario.
# shellcheck disable=SC2034
LAMBDAIMG=$LAMBDAIMG_PROGRAM
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
export AWS_CONFIG_FILE=$WORK/config

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

# start_proxy PROGRAM PORT SEED PERCENT [FAULT...]: sets PROXY, its URL, PROXY_PID and PROXY_LOG.
start_proxy() {
    local program=$1
    shift

    proxies=$((${proxies:-0} + 1))
    PROXY_LOG=$WORK/proxy.$proxies.log
    "$TOOLS/$program" "$1" "$PROXY_LOG" "${@:2}" >"$PROXY_LOG.url" 2>"$PROXY_LOG.err" &
    PROXY_PID=$!
    started+=("$PROXY_PID")
    # shellcheck disable=SC2034
    await test -s "$PROXY_LOG.url" && read -r PROXY <"$PROXY_LOG.url" && return
    echo "Bail out! there is no $program: $(cat "$PROXY_LOG.err")"
    exit 1
}

# terminate_tls: in front of PROXY, which it takes the place of; TLS_PID is a group of processes.
terminate_tls() {
    local said=$PROXY_LOG.tls

    setsid setpriv --pdeathsig KILL socat -d -d \
        "OPENSSL-LISTEN:0,bind=127.0.0.1,reuseaddr,fork,nodelay,cert=$S3_CERT,key=$S3_CERT_KEY,verify=0" \
        "TCP:127.0.0.1:${PROXY##*:},nodelay" 2>"$said" </dev/null &
    TLS_PID=$!
    started+=("-$TLS_PID")
    if await grep -qs ' listening on ' "$said"; then
        PROXY=https://localhost:$(sed -n 's/.* listening on .*:\([0-9]*\)$/\1/p' "$said")
        return
    fi
    echo "Bail out! nothing ends TLS: $(tail -n 1 "$said")"
    exit 1
}

# proxy SEED PERCENT [FAULT...]: in front of the bucket; spoils requests.
proxy() {
    start_proxy faultproxy "${S3_HTTP##*:}" "$@"
    [ "$STORE" = http ] || terminate_tls
}

# stream SEED PERCENT [FAULT...]: in front of the bucket over TLS; spoils connections below TLS.
stream() {
    start_proxy faultstream "${S3_HTTPS##*:}" "$@"
}

end_proxy() {
    if [ -n "${TLS_PID-}" ]; then
        kill -9 "-$TLS_PID"
        wait "$TLS_PID" 2>/dev/null
        unset TLS_PID
    fi
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

# stored_twice_below PREFIX: the same, of all the gateway was ever asked for below PREFIX in the bucket.
stored_twice_below() {
    awk -v below="/$S3_BUCKET/$1/" -F '"' '/beast: / {
        split($2, request, " ")
        split($3, said, " ")
        if (request[1] == "PUT" && said[1] == 200 && index(request[2], below) == 1 &&
            request[2] ~ /\/chunks\//)
            written[request[2]]++
    }
    END { for (key in written) if (written[key] > 1) print key, written[key] }' "$S3_LOG"
}
