# SPDX-License-Identifier: Apache-2.0
"""Refusals, with the codes and messages of AWS KMS, and the forms in which they are answered."""

import json
from xml.sax.saxutils import escape

STATUS = {
    'DependencyTimeoutException': 503,
    'KMSInternalException': 500,
    'KeyUnavailableException': 500,
}


class Refused(Exception):
    """A request that is answered by CODE; the message may be None."""

    def __init__(self, code, message=None, status=None):
        super().__init__(code)
        self.code = code
        self.message = message
        self.status = status or STATUS.get(code, 400)


def as_json(refused):
    """What AWS KMS sends. It spells the member of one code with a capital."""
    body = {'__type': refused.code}
    if refused.message is not None:
        body['Message' if refused.code == 'AccessDeniedException' else 'message'] = refused.message
    return json.dumps(body), 'application/x-amz-json-1.1'


def as_spaced_json(refused):
    """With a name space and an address, as older services send it."""
    body = {'__type': f'com.amazonaws.kms#{refused.code}:http://internal.amazon.com/kms/'}
    return json.dumps(body), 'application/x-amz-json-1.1'


def as_xml(refused):
    """What a gateway before the service sends."""
    message = f'<Message>{escape(refused.message)}</Message>' if refused.message else ''
    body = f'<{refused.code}>{message}</{refused.code}>'
    return body, 'application/xml'


def as_error_response(refused):
    """XML of the services that speak the query protocol."""
    body = ('<ErrorResponse xmlns="https://kms.amazonaws.com/doc/2014-11-01/"><Error><Type>Sender</Type>'
            f'<Code>{refused.code}</Code><Message>{escape(refused.message or "")}</Message></Error>'
            '<RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ErrorResponse>')
    return body, 'text/xml'


def as_silence(_):
    """A status alone."""
    return '', 'application/x-amz-json-1.1'


def as_page(_):
    """The page of a proxy."""
    return '<html><body><h1>Bad Gateway</h1></body></html>', 'text/html'


FORMS = {
    'json': as_json,
    'spaced': as_spaced_json,
    'xml': as_xml,
    'error-response': as_error_response,
    'silence': as_silence,
    'page': as_page,
}
