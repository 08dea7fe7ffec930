# SPDX-License-Identifier: Apache-2.0
"""Encrypt, Decrypt, ReEncrypt and DescribeKey. Members of requests that they do not have are refused."""

import base64
import binascii

from . import keys as kms_keys
from .errors import Refused
from .policy import authorize

ALGORITHM = 'SYMMETRIC_DEFAULT'


class Call:
    """A request of PRINCIPAL for what KEYS has. `used` is for the log."""

    def __init__(self, keys, principal, asked):
        self.keys = keys
        self.principal = principal
        self.asked = asked
        self.used = []

    def allowed(self, members):
        for name in self.asked:
            if name not in members:
                raise Refused('ValidationException', f'{name} is not a member of this request')

    def text(self, name, wanted=True):
        value = self.asked.get(name)
        if value is None and not wanted:
            return None
        if not isinstance(value, str) or not 1 <= len(value) <= 2048:
            raise Refused('ValidationException', f"1 validation error detected: Value at '{name}' failed to satisfy "
                          'constraint: Member must be text of 1 to 2048 characters')
        return value

    def data(self, name, most):
        value = self.asked.get(name)
        try:
            data = base64.b64decode(value, validate=True)
        except (TypeError, ValueError, binascii.Error):
            raise Refused('SerializationException', f'{name} is not base64') from None
        if not 1 <= len(data) <= most:
            raise Refused('ValidationException', f"1 validation error detected: Value at '{name}' failed to satisfy "
                          f'constraint: Member must have length less than or equal to {most}')
        return data

    def context(self, name):
        value = self.asked.get(name, {})
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise Refused('SerializationException', f'{name} is not a map of texts')
        return value

    def algorithm(self, name):
        if self.asked.get(name, ALGORITHM) != ALGORITHM:
            raise Refused('InvalidKeyUsageException', f'{name} does not fit the key')

    def key(self, name, action, context):
        """The key that the member NAME names, if the caller may do ACTION with it."""
        account = self.principal['arn'].split(':')[4]
        key, alias = self.keys.find(self.text(name), account)
        self.used.append(key['id'])
        authorize(self.principal, key, action, context, alias)
        return key

    def key_of_blob(self, name, blob, action, context):
        """The key to open BLOB with: that of the member NAME, which must be the blob's, or the blob's."""
        wanted = kms_keys.id_in(blob)
        if self.text(name, wanted=False) is None:
            key = self.keys.keys.get(wanted)
            if key is None:
                raise Refused('AccessDeniedException', 'The ciphertext refers to a customer master key that does not '
                              'exist, does not exist in this region, or you are not allowed to access.')
            self.used.append(key['id'])
            authorize(self.principal, key, action, context, None)
            return key
        key = self.key(name, action, context)
        if key['id'] != wanted:
            raise Refused('IncorrectKeyException', 'The key ID in the request does not identify a CMK that can perform '
                          'this operation.')
        return key


def encode(data):
    return base64.b64encode(data).decode()


def encrypt(call):
    call.allowed({'KeyId', 'Plaintext', 'EncryptionContext', 'EncryptionAlgorithm', 'GrantTokens'})
    call.algorithm('EncryptionAlgorithm')
    plaintext = call.data('Plaintext', 4096)
    context = call.context('EncryptionContext')
    key = call.key('KeyId', 'kms:Encrypt', context)
    kms_keys.check_usable(key)
    return {'CiphertextBlob': encode(kms_keys.wrap(key, plaintext, context)), 'KeyId': key['arn'],
            'EncryptionAlgorithm': ALGORITHM}


def decrypt(call):
    call.allowed({'KeyId', 'CiphertextBlob', 'EncryptionContext', 'EncryptionAlgorithm', 'GrantTokens'})
    call.algorithm('EncryptionAlgorithm')
    blob = call.data('CiphertextBlob', 6144)
    context = call.context('EncryptionContext')
    key = call.key_of_blob('KeyId', blob, 'kms:Decrypt', context)
    kms_keys.check_usable(key)
    return {'Plaintext': encode(kms_keys.unwrap(key, blob, context)), 'KeyId': key['arn'],
            'EncryptionAlgorithm': ALGORITHM}


def re_encrypt(call):
    call.allowed({'CiphertextBlob', 'SourceKeyId', 'SourceEncryptionContext', 'SourceEncryptionAlgorithm',
                  'DestinationKeyId', 'DestinationEncryptionContext', 'DestinationEncryptionAlgorithm', 'GrantTokens'})
    call.algorithm('SourceEncryptionAlgorithm')
    call.algorithm('DestinationEncryptionAlgorithm')
    blob = call.data('CiphertextBlob', 6144)
    before, after = call.context('SourceEncryptionContext'), call.context('DestinationEncryptionContext')
    source = call.key_of_blob('SourceKeyId', blob, 'kms:ReEncryptFrom', before)
    to = call.key('DestinationKeyId', 'kms:ReEncryptTo', after)
    kms_keys.check_usable(source)
    kms_keys.check_usable(to)
    plaintext = kms_keys.unwrap(source, blob, before)
    return {'CiphertextBlob': encode(kms_keys.wrap(to, plaintext, after)), 'SourceKeyId': source['arn'],
            'KeyId': to['arn'], 'SourceEncryptionAlgorithm': ALGORITHM, 'DestinationEncryptionAlgorithm': ALGORITHM}


def describe_key(call):
    call.allowed({'KeyId', 'GrantTokens'})
    key = call.key('KeyId', 'kms:DescribeKey', {})
    multi = key['id'].startswith('mrk-')
    metadata = {
        'AWSAccountId': key['account'], 'KeyId': key['id'], 'Arn': key['arn'], 'CreationDate': 1700000000.0,
        'Enabled': key['state'] == 'Enabled', 'Description': '', 'KeyUsage': key['usage'], 'KeyState': key['state'],
        'Origin': 'AWS_KMS', 'KeyManager': 'CUSTOMER', 'CustomerMasterKeySpec': key['spec'], 'KeySpec': key['spec'],
        'EncryptionAlgorithms': [ALGORITHM] if key['usage'] == 'ENCRYPT_DECRYPT' else [], 'MultiRegion': multi}
    return {'KeyMetadata': metadata}


OPERATIONS = {'Encrypt': encrypt, 'Decrypt': decrypt, 'ReEncrypt': re_encrypt, 'DescribeKey': describe_key}
