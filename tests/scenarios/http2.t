#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A bucket behind a server that speaks HTTP/2: nginx ends TLS and HTTP/2, and the proxy behind it holds
# each answer back for a moment, so that requests pile up, and counts them. nginx's own log says by
# which protocol and which connection each came.
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$scenarios/proxy.sh"

nginx=$(PATH=$PATH:/usr/sbin:/sbin command -v nginx)
if [ -z "$nginx" ] && [ -z "${CHECK_REQUIRE_S3:-}" ]; then
    skip_all "there is no nginx here, so nothing speaks HTTP/2"
fi
ok "there is an nginx" test -n "$nginx" || finish

# ---- the server --------------------------------------------------------------------------------

# serve NAME LINE...: nginx with these lines in its configuration, in front of PROXY, at PORT where that
# is set; sets URL, its own, NGINX_PID, a group of processes, and H2_LOG, which gets a line for each request when it is over:
# "PROTOCOL STATUS CONNECTION END SECONDS METHOD TARGET".
serve() {
    local name=$1
    shift

    PORT=${PORT:-$(free_port)}
    H2_LOG=$WORK/$name.log
    URL=https://localhost:$PORT
    cat >"$name.conf" <<-END
	daemon off;
	worker_processes 1;
	pid $WORK/$name.pid;
	events { worker_connections 512; }
	http {
	    log_format requests '\$server_protocol \$status \$connection \$msec \$request_time'
	        ' \$request_method \$request_uri';
	    access_log $H2_LOG requests;
	    client_body_temp_path $WORK/$name.body;
	    proxy_temp_path $WORK/$name.proxy;
	    fastcgi_temp_path $WORK/$name.fastcgi;
	    uwsgi_temp_path $WORK/$name.uwsgi;
	    scgi_temp_path $WORK/$name.scgi;
	    client_max_body_size 0;
	    server {
	        listen 127.0.0.1:$PORT ssl http2 reuseport;
	        ssl_certificate $S3_CERT;
	        ssl_certificate_key $S3_CERT_KEY;
	        $(printf '%s\n' "$@")
	        location = /connections {
	            stub_status;
	            access_log off;
	        }
	        location / {
	            proxy_pass $PROXY;
	            proxy_http_version 1.1;
	            proxy_set_header Host \$http_host;
	        }
	    }
	}
	END
    setsid "$nginx" -p "$WORK" -e "$WORK/$name.err" -c "$WORK/$name.conf" >"$name.out" 2>&1 &
    NGINX_PID=$!
    started+=("-$NGINX_PID")
    await test -s "$name.pid" && await speaks_http2
    result $? "nginx speaks HTTP/2: $name" < <(cat "$name.out" "$name.err")
}
# shellcheck disable=SC2317
speaks_http2() {
    [ "$(ask / -o /dev/null -w '%{http_version}')" = 2 ]
}

# ask PATH ARGUMENT...: nginx, by curl.
ask() {
    curl -s --noproxy '*' --cacert "$S3_CA" "$URL$1" "${@:2}"
}

# settle: until nginx has no connection but that of who asks, and so has noted all that came: it may
# note a request when the client has long had its answer.
settle() {
    await is_settled
    result $? "nginx has done what it was asked" < <(ask /connections)
}
# shellcheck disable=SC2317
is_settled() {
    ask /connections | grep -q '^Active connections: 1 '
}

# end_serve: nginx takes no more requests, and ends when those that are under way are over.
end_serve() {
    kill -QUIT "$NGINX_PID"
    ends "$NGINX_PID"
    result $? "nginx ends" </dev/null
    wait "$NGINX_PID" 2>/dev/null
    unset PORT
}

# forget: what was logged so far.
forget() {
    settle
    : >"$H2_LOG"
}

# spoke_http2 COUNT WHAT: at least so many requests came, and all of them by HTTP/2.
spoke_http2() {
    settle
    ok "$2: $(wc -l <"$H2_LOG") requests" test "$(wc -l <"$H2_LOG")" -ge "$1"
    is "$(grep -vc '^HTTP/2.0 ' "$H2_LOG")" 0 "$2: all by HTTP/2"
}

connections() {
    cut -d ' ' -f 3 "$H2_LOG" | sort -u | wc -l
}

# most_at_once: the most requests that were under way on one connection.
most_at_once() {
    awk '{ printf "%s %.3f -1\n", $3, $4; printf "%s %.3f 1\n", $3, $4 - $5 }' "$H2_LOG" |
        sort -k 1,1 -k 2,2n -k 3,3n |
        awk '$1 != of { of = $1; now = 0 }
            { now += $3; if (now > most) most = now }
            END { print most + 0 }'
}

# make_image NUMBER: NUMBER.tar and NUMBER.ext4; 100 chunks of little more than zeros, and eight that
# nobody can compress.
make_image() {
    rm -rf tree && mkdir tree
    perl -e '
        my $number = shift;
        open(my $file, ">", "tree/many") or die;
        for (1 .. 100) {
            seek($file, $_ * 524288, 0) or die;
            print $file "this is chunk $_ of $number" or die;
        }
        close($file) or die;' "$1"
    tar -C tree --numeric-owner --owner=0 --group=0 --mtime=@0 -cf many.tar many
    layer large <<<"file large size=4194304 fill=$1"
    make_docker_old "$1.tar" "app:$1" "$WORK/many.tar" "$WORK/large.tar"
    mv tree/many "$1.many"
    rm -r tree many.tar large.tar
    quietly convert "$1.tar" -o "$1.ext4"
}

# is_stored NUMBER: what lies in the bucket is the image; seen without HTTP/2.
is_stored() {
    run 0 "image $1 verifies" verify "app:$1"
    quietly pull "app:$1" -o got.ext4
    same "$1.ext4" got.ext4 "image $1 is what was pushed"
    is "$(stored_twice "$PROXY_LOG")" "" "image $1: no chunk was stored twice"
}

# h2 STATUS WHAT ARGUMENT...: as run, by way of nginx.
h2() {
    AWS_ENDPOINT_URL_S3=$URL AWS_CA_BUNDLE=$S3_CA run "$@"
}

# ---- everything by HTTP/2 ----------------------------------------------------------------------

LAMBDAIMG_REPO=s3://$S3_BUCKET/$(basename "$WORK")
export LAMBDAIMG_REPO
make_image 1
proxy 1 100 late
serve plain

h2 0 "init" init
forget
h2 0 "push" push 1.tar app:1 --stats --json
spoke_http2 108 "push"
is "$(connections)" 1 "push: one connection is enough"
most=$(most_at_once)
ok "push: up to $most requests at once" test "$most" -gt 16 -a "$most" -le 32
is "$(jq .stats.requests.repeated "$OUT")" 0 "push: none was sent twice"
is "$(cut -d ' ' -f 2 "$H2_LOG" | grep -c '^5')" 0 "push: nginx is content with all of them"
is_stored 1

forget
h2 0 "an unchanged push" push 1.tar app:1 --no-memo --json
is "$(jq .new_chunks "$OUT")" 0 "stores nothing"
spoke_http2 3 "an unchanged push"
ok "in few requests" test "$(wc -l <"$H2_LOG")" -lt 50
h2 0 "an unchanged push, under a new name" push 1.tar other:1 --no-memo --json
is "$(jq .new_chunks "$OUT")" 0 "stores nothing"

forget
h2 0 "verify" verify app:1
spoke_http2 108 "verify"
forget
h2 0 "pull" pull app:1 -o got.ext4
same 1.ext4 got.ext4 "pull gives what convert gives"
spoke_http2 108 "pull"
is "$(connections)" 1 "pull: one connection is enough"
h2 1 "what is not there" pull app:none -o none.ext4
has "$ERR" "app:none" "says so"
AWS_CA_BUNDLE='' run 1 "an authority that nobody knows" ls --endpoint "$URL"
has "$ERR" "certificate is not trusted" "says so"

if [ -z "$("$top/scripts/mount-obstacle")" ]; then
    forget
    AWS_ENDPOINT_URL_S3=$URL AWS_CA_BUNDLE=$S3_CA mount_image app:1 "$WORK/mnt" --memory 4
    same 1.many "$WORK/mnt/many" "a mount reads"
    is "$(wc -c <"$WORK/mnt/large")" 4194304 "all of it"
    quietly umount "$WORK/mnt"
    spoke_http2 108 "mount"
else
    skip "a mount by HTTP/2" "$("$top/scripts/mount-obstacle")"
fi
end_serve

# ---- connections that end ----------------------------------------------------------------------

# Every 20 requests nginx says that this connection takes no more of them (GOAWAY), while others are
# under way on it.
serve goaway 'keepalive_requests 20;'
make_image 2
forget
h2 0 "push over connections of 20 requests" push 2.tar app:2 --stats --json
spoke_http2 108 "20 requests each"
ok "20 requests each: $(connections) connections" test "$(connections)" -ge 6
repeated=$(jq .stats.requests.repeated "$OUT")
ok "20 requests each: $repeated were sent again" test "$repeated" -le 20
is_stored 2
h2 0 "pull over such connections" pull app:2 -o got.ext4
same 2.ext4 got.ext4 "gives what convert gives"
end_serve

# Where a connection takes four requests at a time, libcurl waits, or opens others.
serve narrow 'http2_max_concurrent_streams 4;'
make_image 3
forget
h2 0 "push over connections of four requests at a time" push 3.tar app:3
spoke_http2 108 "four at a time"
most=$(most_at_once)
ok "four at a time: up to $most requests at once" test "$most" -ge 1 -a "$most" -le 4
is_stored 3
end_serve

# ---- connections that are spoiled --------------------------------------------------------------

# spoiled SEED PERCENT FAULT: connections to nginx, as tests/tools/faultstream.c does it; all that is under
# way on one suffers. Sets URL.
spoiled() {
    local before=$PROXY counted_by=$PROXY_LOG counted_pid=$PROXY_PID

    start_proxy faultstream "$PORT" "$@"
    URL=$PROXY SPOILED=$PROXY_LOG
    PROXY=$before PROXY_LOG=$counted_by PROXY_PID=$counted_pid
}

# struck COUNT FAULT WHAT: so many connections, at least.
struck() {
    ok "$3" test "$(grep -c " $2 " "$SPOILED")" -ge "$1"
}

# A connection whose other end says nothing any more, while 32 requests are under way on it, and no end
# of it comes: what is sent again must not go by it. With this seed it is the first two that stall.
serve silent
make_image 4
spoiled 91 50 stall
h2 0 "push over connections that go silent" push 4.tar app:4 --stall 1
struck 2 stall "they did"
is_stored 4
spoiled 4 60 flip
h2 0 "pull over connections whose bits are flipped" pull app:4 -o got.ext4
same 4.ext4 got.ext4 "gives what convert gives"
if [ -z "$("$top/scripts/mount-obstacle")" ]; then
    spoiled 95 50 stall
    AWS_ENDPOINT_URL_S3=$URL AWS_CA_BUNDLE=$S3_CA \
        mount_image app:4 "$WORK/mnt" --memory 4 --stall 1 --timeout 20
    same 4.many "$WORK/mnt/many" "a mount reads over a connection that goes silent"
    quietly umount "$WORK/mnt"
    struck 1 stall "it did"
else
    skip "a mount over connections that go silent" "$("$top/scripts/mount-obstacle")"
fi
end_serve

# ---- servers that end --------------------------------------------------------------------------

# replaced NUMBER WHAT ARGUMENT...: in the middle of a push, twice, another nginx takes the place of the one
# that is there, which is ended by kill(1) with these arguments.
replaced() {
    local image=$1 what=$2 pushing i times=0 old
    shift 2

    make_image "$image"
    serve "$image-0"
    AWS_ENDPOINT_URL_S3=$URL AWS_CA_BUNDLE=$S3_CA timeout 60 \
        "$LAMBDAIMG" push "$image.tar" "app:$image" >push.out 2>push.err &
    pushing=$!
    started+=("$pushing")
    for ((i = 1; i <= 2; i++)); do
        # A line for curl's own request, and then some of the push's.
        while [ "$(wc -l <"$H2_LOG")" -lt 20 ] && kill -0 "$pushing" 2>/dev/null; do
            sleep 0.01
        done
        kill -0 "$pushing" 2>/dev/null || break
        old=$NGINX_PID
        serve "$image-$i"
        times=$((times + 1))
        kill "${@//OLD/$old}"
        ends "$old" || kill -KILL -- "-$old"
        wait "$old" 2>/dev/null
    done
    wait "$pushing"
    result $? "push, while nginx $what" <push.err
    ok "nginx $what: $times times" test "$times" -ge 1
    is_stored "$image"
    end_serve
}

replaced 5 "ends when it is done" -QUIT OLD
replaced 6 "dies" -KILL -- -OLD
end_proxy

finish
