# SPDX-License-Identifier: Apache-2.0
"""Keys, and what they wrap: AES-256-GCM, bound to the key and to the encryption context."""

import hashlib
import json
import os
import re
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .errors import Refused

MAGIC = b'strict\x01'
KEY_ID = re.compile(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}')
ARN = re.compile(r'arn:(aws[a-z-]*):kms:([a-z0-9-]+):(\d{12}):(.+)')


class Keys:
    """The keys of a region, as the files of the server's directory describe them at the moment."""

    def __init__(self, world, region):
        self.region = region
        self.account = world['account']
        self.keys = {}
        for key in world['keys']:
            regions = key.get('regions', world['regions'][:1])
            if region in regions:
                account = key.get('account', self.account)
                self.keys[key['id']] = {
                    'state': 'Enabled', 'spec': 'SYMMETRIC_DEFAULT', 'usage': 'ENCRYPT_DECRYPT', 'grants': [],
                    **key, 'account': account, 'arn': f'arn:aws:kms:{region}:{account}:key/{key["id"]}'}
        self.aliases = world.get('aliases', {})

    def find(self, name, account):
        """The key that NAME means to a caller of ACCOUNT, and the alias that named it, or None."""
        match = ARN.fullmatch(name)
        if match:
            if match[2] != self.region:
                raise Refused('NotFoundException', f'Invalid arn {match[2]}')
            account, rest = match[3], match[4]
            if not rest.startswith(('key/', 'alias/')):
                raise Refused('InvalidArnException', f'Invalid arn {name}')
            name = rest.removeprefix('key/')
        alias = name if name.startswith('alias/') else None
        key = self.keys.get(self.aliases.get(name) if alias else name)
        if key is None or key['account'] != account:
            where = f'arn:aws:kms:{self.region}:{account}:'
            raise Refused('NotFoundException', f'Alias {where}{name} is not found.' if alias
                          else f"Key '{where}key/{name}' does not exist")
        return key, alias


def check_usable(key):
    state = key['state']
    if key['spec'] != 'SYMMETRIC_DEFAULT' or key['usage'] != 'ENCRYPT_DECRYPT':
        raise Refused('InvalidKeyUsageException', f'{key["arn"]} key usage is {key["usage"]} which is not valid for '
                      'SYMMETRIC_DEFAULT')
    if state == 'Disabled':
        raise Refused('DisabledException', f'{key["arn"]} is disabled.')
    if state == 'Unavailable':
        raise Refused('KeyUnavailableException', f'{key["arn"]} is unavailable.')
    words = {'PendingDeletion': 'pending deletion', 'PendingImport': 'pending import'}
    if state != 'Enabled':
        raise Refused('KMSInvalidStateException', f'{key["arn"]} is {words.get(state, state)}.')


def material(key_id):
    """The same in each region. It survives a restart of the server, as a key does."""
    return hashlib.sha256(b'material of ' + key_id.encode()).digest()


def bound(header, context):
    return header + json.dumps(context, sort_keys=True, separators=(',', ':')).encode()


def wrap(key, plaintext, context):
    name = key['id'].encode()
    header = MAGIC + struct.pack('>B', len(name)) + name
    nonce = os.urandom(12)
    return header + nonce + AESGCM(material(key['id'])).encrypt(nonce, plaintext, bound(header, context))


def id_in(blob):
    """The ID of the key that has made BLOB, by its header."""
    start = len(MAGIC) + 1
    if len(blob) < start or not blob.startswith(MAGIC):
        raise Refused('InvalidCiphertextException')
    name = blob[start:start + blob[start - 1]]
    if len(blob) < start + blob[start - 1] + 12 + 16 or not KEY_ID.fullmatch(name.decode('latin-1')):
        raise Refused('InvalidCiphertextException')
    return name.decode()


def unwrap(key, blob, context):
    """KEY must be that of id_in()."""
    end = len(MAGIC) + 1 + len(key['id'])
    header, nonce, sealed = blob[:end], blob[end:end + 12], blob[end + 12:]
    try:
        return AESGCM(material(key['id'])).decrypt(nonce, sealed, bound(header, context))
    except InvalidTag:
        raise Refused('InvalidCiphertextException') from None
