# SPDX-License-Identifier: Apache-2.0
"""Signature Version 4 ("AWS Signature Version 4 for API requests"), checked to the letter."""

import calendar
import hashlib
import hmac
import re
import time

from .errors import Refused

AUTHORIZATION = re.compile(
    r'AWS4-HMAC-SHA256 Credential=([A-Za-z0-9_]+)/(\d{8})/([a-z0-9-]+)/([a-z0-9-]+)/(\w+), ?'
    r'SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})')
SKEW = 300  # seconds


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def stamp(seconds):
    return time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(seconds))


class Signature:
    """The parts of a request's signature. REQUEST has method, path, query, headers and body."""

    def __init__(self, request):
        self.request = request
        text = request.headers.get('authorization')
        if text is None:
            raise Refused('MissingAuthenticationTokenException', 'Missing Authentication Token')
        match = AUTHORIZATION.fullmatch(text)
        if match is None:
            raise Refused('IncompleteSignatureException', f"'{text}' is not a valid signature")
        self.access_key, self.date, self.region, self.service, self.end, names, self.value = match.groups()
        self.names = names.split(';')

    def check_names(self):
        """Everything that has a meaning must be signed."""
        headers = self.request.headers
        if self.names != sorted(set(self.names)):
            raise Refused('InvalidSignatureException', 'The signed headers are not in order.')
        wanted = {'host'} | {name for name in headers if name.startswith('x-amz-') or name == 'content-type'}
        for name in sorted(wanted):
            if name not in self.names:
                raise Refused('InvalidSignatureException', f"'{name}' must be a 'SignedHeader' in the request.")
        for name in self.names:
            if name not in headers:
                raise Refused('InvalidSignatureException', f"The signed header '{name}' is missing.")

    def check_scope(self, region):
        if self.end != 'aws4_request':
            raise Refused('InvalidSignatureException', "Credential should be scoped with a valid terminator: 'aws4_request'")
        if self.service != 'kms':
            raise Refused('InvalidSignatureException', "Credential should be scoped to correct service: 'kms'.")
        if self.region != region:
            raise Refused('InvalidSignatureException',
                          f"Credential should be scoped to a valid region, not '{self.region}'.")

    def check_date(self, now):
        text = self.request.headers.get('x-amz-date', '')
        if not re.fullmatch(r'\d{8}T\d{6}Z', text):
            raise Refused('IncompleteSignatureException', 'Date must be in ISO-8601 basic format.')
        if text[:8] != self.date:
            raise Refused('InvalidSignatureException',
                          f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
                          f"HTTP: '{self.date}' != '{text[:8]}', from '{text}'.")
        when = calendar.timegm(time.strptime(text, '%Y%m%dT%H%M%SZ'))
        if when < now - SKEW:
            raise Refused('InvalidSignatureException',
                          f'Signature expired: {text} is now earlier than {stamp(now - SKEW)} ({stamp(now)} - 5 min.)')
        if when > now + SKEW:
            raise Refused('InvalidSignatureException',
                          f'Signature not yet current: {text} is still later than {stamp(now + SKEW)} '
                          f'({stamp(now)} + 5 min.)')

    def check_body(self):
        said = self.request.headers.get('x-amz-content-sha256')
        if said is not None and said != sha256(self.request.body):
            raise Refused('InvalidSignatureException', 'The digest of the body is not that of the body.')

    def canonical(self):
        headers = self.request.headers
        lines = [self.request.method, self.request.path, self.request.query]
        lines += [f'{name}:{" ".join(headers[name].split())}' for name in self.names]
        lines += ['', ';'.join(self.names), sha256(self.request.body)]
        return '\n'.join(lines)

    def check_value(self, secret):
        scope = f'{self.date}/{self.region}/{self.service}/{self.end}'
        text = '\n'.join(['AWS4-HMAC-SHA256', self.request.headers['x-amz-date'], scope,
                          sha256(self.canonical().encode())])
        key = ('AWS4' + secret).encode()
        for part in scope.split('/'):
            key = mac(key, part)
        if not hmac.compare_digest(mac(key, text).hex(), self.value):
            raise Refused('InvalidSignatureException',
                          'The request signature we calculated does not match the signature you provided. Check '
                          'your AWS Secret Access Key and signing method. Consult the service documentation for '
                          'details.')


def authenticate(request, principals, region, now):
    """The principal that has signed REQUEST."""
    signature = Signature(request)
    principal = principals.get(signature.access_key)
    token = request.headers.get('x-amz-security-token')
    if principal is None or token != principal.get('token'):
        raise Refused('UnrecognizedClientException', 'The security token included in the request is invalid.')
    signature.check_names()
    signature.check_scope(region)
    signature.check_date(now)
    signature.check_body()
    signature.check_value(principal['secret'])
    if now >= principal.get('expires', now + 1):
        raise Refused('ExpiredTokenException', 'The security token included in the request is expired')
    return principal
