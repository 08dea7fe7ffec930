# SPDX-License-Identifier: Apache-2.0
"""
Who may do what: key policies, IAM policies and grants, as "Policy evaluation logic" of the IAM User Guide and the AWS
KMS Developer Guide have it. What this file does not know in a policy is a mistake in a test, and no request passes.
"""

import re

from .errors import Refused


class Unknown(Exception):
    """A policy has an element that this server does not know, so it cannot say what the policy allows."""


def as_list(value):
    return value if isinstance(value, list) else [value]


def like(pattern, text):
    """Whether TEXT fits PATTERN, in which * and ? stand for others."""
    parts = [{'*': '.*', '?': '.'}.get(c, re.escape(c)) for c in pattern]
    return re.fullmatch(''.join(parts), text, re.S) is not None


# ---- conditions ------------------------------------------------------------------------------------

def values_of(name, facts):
    """What the request says of the condition key NAME: a list, empty where it says nothing."""
    folded = name.lower()
    prefix = 'kms:encryptioncontext:'
    if folded.startswith(prefix):
        return [value for key, value in facts['context'].items() if key == name[len(prefix):]]
    known = {
        'kms:encryptioncontextkeys': sorted(facts['context']),
        'kms:requestalias': [facts['alias']] if facts['alias'] else [],
        'kms:calleraccount': [facts['account']],
        'aws:principalarn': [facts['principal']],
    }
    if folded not in known:
        raise Unknown(f'the condition key {name}')
    return known[folded]


TESTS = {
    'StringEquals': lambda wanted, got: wanted == got,
    'StringLike': like,
}


def holds(operator, name, wanted, facts):
    got = values_of(name, facts)
    wanted = as_list(wanted)
    if operator == 'Null':
        return (wanted[0] == 'true') == (not got)
    base = re.sub(r'^(ForAllValues:|ForAnyValue:)', '', operator)
    negated = base.startswith('StringNot')
    test = TESTS.get(base.replace('StringNot', 'String'))
    if test is None:
        raise Unknown(f'the operator {operator}')
    fits = [any(test(one, value) for one in wanted) != negated for value in got]
    if operator.startswith('ForAllValues:'):
        return all(fits)
    return any(fits) if fits else negated


def conditions_hold(statement, facts):
    return all(holds(operator, name, wanted, facts)
               for operator, block in statement.get('Condition', {}).items() for name, wanted in block.items())


# ---- statements ------------------------------------------------------------------------------------

MEMBERS = {'Sid', 'Effect', 'Principal', 'Action', 'Resource', 'Condition'}


def role_of(arn):
    """The role of an assumed role's session, or the ARN itself."""
    match = re.fullmatch(r'arn:([a-z-]+):sts::(\d{12}):assumed-role/([^/]+)/.+', arn)
    return 'arn:{}:iam::{}:role/{}'.format(*match.groups()) if match else arn


def names_principal(statement, facts):
    """'direct', 'account' where it leaves the decision to the account's IAM policies, or None."""
    principal = statement['Principal']
    names = ['*'] if principal == '*' else as_list(principal.get('AWS', []))
    root = f'arn:aws:iam::{facts["account"]}:root'
    if '*' in names or facts['principal'] in names or role_of(facts['principal']) in names:
        return 'direct'
    return 'account' if root in names or facts['account'] in names else None


def applies(statement, action, resource, facts):
    unknown = set(statement) - MEMBERS
    if unknown or statement.get('Effect') not in ('Allow', 'Deny'):
        raise Unknown(f'a statement with {sorted(unknown)}')
    return (any(like(one.lower(), action.lower()) for one in as_list(statement['Action']))
            and any(like(one, resource) for one in as_list(statement.get('Resource', [])))
            and conditions_hold(statement, facts))


def matching(policies, action, resource, facts):
    return [statement for policy in policies for statement in as_list(policy['Statement'])
            if applies(statement, action, resource, facts)]


# ---- grants ----------------------------------------------------------------------------------------

def grant_allows(grant, action, facts):
    constraints = grant.get('Constraints', {})
    context = facts['context']
    if set(constraints) - {'EncryptionContextSubset', 'EncryptionContextEquals'}:
        raise Unknown('a constraint of a grant')
    if facts['principal'] != grant['GranteePrincipal'] and role_of(facts['principal']) != grant['GranteePrincipal']:
        return False
    subset = constraints.get('EncryptionContextSubset', {})
    equals = constraints.get('EncryptionContextEquals', context)
    return (action.removeprefix('kms:') in grant['Operations'] and subset.items() <= context.items()
            and equals == context)


# ---- the decision ----------------------------------------------------------------------------------

def authorize(principal, key, action, context, alias):
    """Raises where PRINCIPAL may not do ACTION with KEY under CONTEXT. ALIAS is the request's, or None."""
    account = principal['arn'].split(':')[4]
    facts = {'principal': principal['arn'], 'account': account, 'context': context, 'alias': alias}
    own = matching(principal.get('policies', []), action, key['arn'], facts)
    of_key = [(names_principal(statement, facts), statement)
              for statement in matching([key['policy']], action, key['arn'], facts)]
    of_key = [(how, statement) for how, statement in of_key if how]
    who = f'User: {principal["arn"]} is not authorized to perform: {action} on resource: {key["arn"]}'
    if any(statement['Effect'] == 'Deny' for statement in own):
        raise Refused('AccessDeniedException', f'{who} with an explicit deny in an identity-based policy')
    if any(statement['Effect'] == 'Deny' for _, statement in of_key):
        raise Refused('AccessDeniedException', f'{who} with an explicit deny in a resource-based policy')
    direct = any(how == 'direct' for how, _ in of_key)
    if any(grant_allows(grant, action, facts) for grant in key.get('grants', [])):
        return
    if direct and account == key['account'] or own and of_key:
        return
    kind = 'identity-based' if of_key else 'resource-based'
    raise Refused('AccessDeniedException', f'{who} because no {kind} policy allows the {action} action')
