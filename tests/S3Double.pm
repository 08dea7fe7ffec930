# SPDX-License-Identifier: Apache-2.0
#
# As much of S3 as tests need, with the habits of servers that are not AWS's, for tests/aws-server. Objects
# lie in memory. There is one bucket at first, named bucket.
#
# The file s3-habits of the server's directory has words, which are read at each request:
#
#     plain-listings       does not know encoding-type: keys are sent as they are, without EncodingType
#     no-conditions        does not look at If-None-Match and If-Match
#     refuse-conditions    answers requests that have them with 501
#     need-location        makes no bucket without a LocationConstraint
#     refuse-location      makes none with one
#     exists               says BucketAlreadyExists of a bucket that is there, else BucketAlreadyOwnedByYou
#     denied               nobody may do anything but try to make a bucket
#     public               whoever does not sign may read and list, and no more
#     unlisted             nobody may list, so what is absent is answered as what is forbidden
#     no-ids               sends no x-amz-request-id
#     page-404             a proxy in front of it has a page of its own for each 404
#     virtual              buckets are in the host's name only, and else in the path as well
#     body-first           a put's body is there when it comes, its metadata when it is answered
#     metadata-first       the other way round
#
# The file s3-hold has a method and a pattern. The first request that fits, "PUT pre/lambdaimg.json", is
# not answered, nor done but for what one of the last two habits has done by then, until the file is
# removed. A new object is seen when its body and its metadata are there.
package S3Double;
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);

my (%buckets, $slurp, $note, $held);
my $answers = 0;
$buckets{bucket} = {};

# How files are read, and what is logged.
sub start { ($slurp, $note) = @_ }

sub habit {
    my ($word) = @_;
    return scalar grep { $_ eq $word } split ' ', $slurp->('s3-habits') // '';
}

sub unescape { return $_[0] =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ger }
sub etag { return '"' . substr(sha256_hex($_[0]), 0, 32) . '"' }

sub error {
    my ($status, $code) = @_;
    my $region = $code eq 'AuthorizationHeaderMalformed' ? '<Region>' . $slurp->('region') . '</Region>' : '';
    return ($status, "<Error><Code>$code</Code><Message>no</Message>$region</Error>", 'application/xml');
}

# ---- listings --------------------------------------------------------------------------------------

# As in forms, a space being a plus.
sub encode { return $_[0] =~ s/([^A-Za-z0-9\/._ -])/sprintf '%%%02X', ord $1/ger =~ tr/ /+/r }
sub escape { return $_[0] =~ s/([&<>"'])/sprintf '&#%d;', ord $1/ger }

sub is_whole { return defined $_[0] && defined $_[0]{body} && defined $_[0]{meta} }

sub list {
    my ($bucket, $query) = @_;
    my $prefix = $query->{prefix} // '';
    my $delimiter = $query->{delimiter} // '';
    my $encodes = ($query->{'encoding-type'} // '') eq 'url' && !habit('plain-listings');
    my $text = sub { $encodes ? encode($_[0]) : escape($_[0]) };
    my (%shown, $rows);
    for my $key (sort grep { index($_, $prefix) == 0 && is_whole($bucket->{$_}) } keys %$bucket) {
        my $end = $delimiter eq '' ? -1 : index $key, $delimiter, length $prefix;
        my $common = substr $key, 0, $end + 1;
        next if $end >= 0 && $shown{$common}++;
        $rows .= $end >= 0 ? '<CommonPrefixes><Prefix>' . $text->($common) . '</Prefix></CommonPrefixes>'
            : '<Contents><Key>' . $text->($key) . '</Key><Size>' . length($bucket->{$key}{body})
            . '</Size></Contents>';
    }
    return (200, '<ListBucketResult><IsTruncated>false</IsTruncated>' . ($rows // '')
        . ($encodes ? '<EncodingType>url</EncodingType>' : '') . '</ListBucketResult>',
        'application/xml');
}

# ---- objects ---------------------------------------------------------------------------------------

sub refused {
    my ($object, $header) = @_;
    return 0 if habit('no-conditions');
    return 1 if is_whole($object) && $header->{'if-none-match'};
    return 0 if !defined $header->{'if-match'};
    return !is_whole($object) || $header->{'if-match'} ne etag($object->{body});
}

sub write_body { $_[0]{body} = $_[1]{body} }

sub write_meta {
    my ($object, $request) = @_;
    my $header = $request->{header};
    $object->{meta} = {map { $_ => $header->{$_} } grep { /^x-amz-meta-/ } keys %$header};
}

# The two halves of a put, in the order of the habits.
sub halves {
    return habit('metadata-first') ? (\&write_meta, \&write_body) : (\&write_body, \&write_meta);
}

sub put {
    my ($bucket, $key, $request) = @_;
    my $header = $request->{header};
    my ($first, $second) = halves();
    return error(501, 'NotImplemented')
        if habit('refuse-conditions') && ($header->{'if-none-match'} || $header->{'if-match'});
    return error(412, 'PreconditionFailed') if refused($bucket->{$key}, $header);
    my $object = $bucket->{$key} //= {};
    $first->($object, $request) unless $request->{begun};
    $second->($object, $request);
    return (200, '', 'text/plain', ETag => etag($request->{body}));
}

sub object {
    my ($bucket, $key, $request) = @_;
    my $method = $request->{method};
    my $object = $bucket->{$key};
    return put($bucket, $key, $request) if $method eq 'PUT';
    if ($method eq 'DELETE') {
        delete $bucket->{$key};
        return (204, '', 'text/plain');
    }
    return habit('unlisted') ? error(403, 'AccessDenied') : error(404, 'NoSuchKey') unless is_whole($object);
    return (200, $object->{body}, 'binary/octet-stream', ETag => etag($object->{body}),
        %{$object->{meta}}) if $method eq 'GET' || $method eq 'HEAD';
    return error(501, 'NotImplemented');
}

# ---- buckets ---------------------------------------------------------------------------------------

sub make {
    my ($name, $request) = @_;
    my $located = $request->{body} =~ /<LocationConstraint>([^<]+)</;
    return error(400, 'InvalidLocationConstraint')
        if $located && (habit('refuse-location') || $1 ne ($slurp->('region') // 'us-east-1'));
    return error(400, 'IllegalLocationConstraintException') if !$located && habit('need-location');
    return error(409, habit('exists') ? 'BucketAlreadyExists' : 'BucketAlreadyOwnedByYou')
        if $buckets{$name};
    $buckets{$name} = {};
    return (200, '', 'text/plain');
}

sub do_it {
    my ($name, $key, $request) = @_;
    my %query = map { unescape($_) } map { (split(/=/, $_, 2), '')[0, 1] } split /&/, $request->{query};
    return make($name, $request) if $key eq '' && $request->{method} eq 'PUT';
    return error(403, 'AccessDenied') if habit('denied');
    my $bucket = $buckets{$name} // return error(404, 'NoSuchBucket');
    return object($bucket, $key, $request) if $key ne '';
    return (200, '', 'text/plain') if $request->{method} eq 'HEAD';
    return error(501, 'NotImplemented') if $request->{method} ne 'GET';
    return habit('unlisted') ? error(403, 'AccessDenied') : list($bucket, \%query);
}

# ---- requests --------------------------------------------------------------------------------------

# The bucket and the key, "" for none.
sub place {
    my ($request) = @_;
    my $path = unescape($request->{path});
    return ($1, substr $path, 1) if ($request->{header}{host} // '') =~ /^([\w-]+)\.(?:localhost|s3\.)/;
    return ('', '') if habit('virtual');
    return $path =~ m{^/([^/]*)/?(.*)}s;
}

# Whether REQUEST waits. Its first half is done, where halves are apart.
sub waits {
    my ($name, $key, $request) = @_;
    my ($method, $pattern) = split ' ', $slurp->('s3-hold') // '', 2;
    undef $held unless defined $pattern;
    return 0 if defined $held || !defined $pattern || $request->{method} ne $method || $key !~ /$pattern/
        || $request->{header}{'if-none-match'} && habit('refuse-conditions');
    $held = 1;
    if (habit('body-first') || habit('metadata-first')) {
        (halves())[0]->($buckets{$name}{$key} //= {}, $request);
        $request->{begun} = 1;
    }
    $note->("s3 held $method /$name/$key");
    return 1;
}

# The answer to REQUEST, of which WHY says what is wrong with its signature, if anything; nothing where it
# is to be asked for again.
sub answer {
    my ($request, $why) = @_;
    my ($name, $key) = place($request);
    my $reads = $request->{method} eq 'GET' || $request->{method} eq 'HEAD';
    my @answer;
    if (!defined $request->{header}{authorization}) {
        $why = habit('public') && $reads ? undef : 'AccessDenied';
    }
    if ($why) {
        @answer = error($why eq 'ExpiredToken' ? 400 : 403, $why);
    } elsif (!$request->{asked}++ && waits($name, $key, $request)) {
        return ();
    } else {
        @answer = do_it($name, $key, $request);
    }
    if ($answer[0] == 404 && habit('page-404')) {
        @answer = (404, '<html>no such page</html>', 'text/html');
    } elsif (!habit('no-ids')) {
        push @answer, 'x-amz-request-id' => sprintf '%d', ++$answers;
    }
    $note->("s3 $request->{method} " . ($why // 'ok') . ' '
        . (($request->{header}{authorization} // '') =~ /Credential=([^\/]+)/ ? $1 : '-')
        . " $answer[0] " . length($request->{body}) . " /$name/$key");
    return @answer;
}

1;
