# SPDX-License-Identifier: Apache-2.0
"""AWS KMS as the tests need it: nothing that AWS would refuse is let through. See tests/kms-server."""
