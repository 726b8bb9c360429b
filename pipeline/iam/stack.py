"""A rendered template -> its functions with their environment, and their roles' policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline.findings import Pointer
from pipeline.iam import evaluation
from pipeline.iam.conditions import NotUnderstood
from pipeline.iam.evaluation import Statement
from pipeline.iam.resolving import References, Unresolvable, mapping, sequence
from pipeline.iam.service_reference import Unknown
from pipeline.policy.references import of_type
from pipeline.rendering import parameters

FUNCTION = "AWS::Lambda::Function"
ROLE = "AWS::IAM::Role"
_ANYBODY = ("*", {"AWS": "*"})
_BESIDE_THE_ROLE = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy")
_RESOURCE_POLICIES = ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy")


class Unjudged(Exception):
    """Something that decides who may do what and that can't be judged here, and its place."""

    def __init__(self, what: str, pointer: Pointer = ()) -> None:
        super().__init__(what)
        self.pointer = pointer


@contextmanager
def judging(pointer: Pointer) -> Iterator[None]:
    """Gives what can't be understood in here its place."""
    try:
        yield
    except (NotUnderstood, Unresolvable, Unknown) as error:
        raise Unjudged(str(error), pointer) from None


@dataclass(frozen=True)
class Function:
    """One Lambda function: the folder that its code comes from, what it is told, what it may do."""

    logical_id: str
    folder: str
    variables: Mapping[str, str] = field(repr=False)
    role: str

    @property
    def pointer(self) -> Pointer:
        """Its place in the template."""
        return ("Resources", self.logical_id, "Properties")


@dataclass(frozen=True)
class Stack:
    """The parts of a template that grant rights. A statement's `where` ends in its number within
    the document that its pointer names.
    """

    template: Mapping[str, Any] = field(repr=False)
    references: References
    functions: tuple[Function, ...]
    roles: Mapping[str, tuple[Statement, ...]]
    denials: tuple[Statement, ...]
    """What resource policies deny to everybody."""

    def of_type(self, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The resources of a type: logical id and properties."""
        return _of_type(self.template, kind)


def read(template: Mapping[str, Any], references: References) -> Stack:
    """The whole of it; raises Unjudged where something can't be judged."""
    for kind in _BESIDE_THE_ROLE:
        for logical_id, _ in _of_type(template, kind):
            raise Unjudged(f"{kind}: policies are judged in their role only", _at(logical_id))
    roles = {
        name: tuple(_policies(name, role, references)) for name, role in _of_type(template, ROLE)
    }
    functions = tuple(_functions(template, references))
    return Stack(template, references, functions, roles, tuple(_denials(template, references)))


def _of_type(template: Mapping[str, Any], kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for logical_id, resource in of_type(dict(template), kind).items():
        with judging(_at(logical_id)):
            yield logical_id, mapping(resource.get("Properties", {}), "Properties")


def _functions(template: Mapping[str, Any], references: References) -> Iterator[Function]:
    code = parameters.bindings(dict(template)).code
    for logical_id, properties in _of_type(template, FUNCTION):
        with judging(_at(logical_id)):
            role = references.logical_id(properties.get("Role"), ROLE)
            if role is None:
                raise Unresolvable("its role is not in the template")
            key = mapping(properties.get("Code", {}), "Code").get("S3Key", {})
            artifact = code.get(str(key.get("Ref"))) if isinstance(key, dict) else key
            environment = mapping(properties.get("Environment", {}), "Environment")
            variables = mapping(environment.get("Variables", {}), "Variables")
            told = {name: str(references.resolve(value)) for name, value in variables.items()}
            yield Function(logical_id, str(artifact).removesuffix(".zip"), told, role)


def _policies(name: str, role: Mapping[str, Any], references: References) -> Iterator[Statement]:
    with judging(_at(name, "ManagedPolicyArns")):
        if role.get("ManagedPolicyArns"):
            raise Unresolvable("what a managed policy allows is AWS's to change")
    with judging(_at(name, "Policies")):
        policies = sequence(role.get("Policies", []), "Policies")
    for at, policy in enumerate(policies):
        where = _at(name, "Policies", at, "PolicyDocument")
        with judging(where):
            document = mapping(policy, "a policy").get("PolicyDocument")
            yield from evaluation.read(references.resolve(document), where)


def _denials(template: Mapping[str, Any], references: References) -> Iterator[Statement]:
    for kind in _RESOURCE_POLICIES:
        for logical_id, properties in _of_type(template, kind):
            where = _at(logical_id, "PolicyDocument")
            with judging(where):
                raw = mapping(properties.get("PolicyDocument"), "PolicyDocument").get("Statement")
                for number, one in enumerate(raw if isinstance(raw, list) else [raw]):
                    statement = mapping(one, "a statement")
                    if statement.get("Effect") == "Deny" and statement.get("Principal") in _ANYBODY:
                        yield _denial(references.resolve(one), where, number)


def _denial(statement: Mapping[str, Any], where: Pointer, number: int) -> Statement:
    (read_one,) = evaluation.read({"Statement": statement}, extra=frozenset({"Principal"}))
    return replace(read_one, where=(where, number))


def _at(logical_id: str, *keys: str | int) -> Pointer:
    return ("Resources", logical_id, "Properties", *keys)
