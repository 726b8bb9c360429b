"""What a request of CloudFormation's query API is about: its stack, its template, its page."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from moto.core.responses import ActionResult, BaseResponse

from localcloud import keys
from localcloud.cloudformation import parameters, template
from localcloud.cloudformation.changes import Wish
from localcloud.cloudformation.engine import Operation
from localcloud.cloudformation.errors import InsufficientCapabilities, ValidationError
from localcloud.cloudformation.stacks import STACKS, Stack, Stacks
from localcloud.keys import Endpoint
from localcloud.resources.base import Account

STACK_OPTIONS = ("RoleARN", "TimeoutInMinutes", "RollbackConfiguration", "NotificationARNs")
PAGE = 100
LARGEST_BODY = 51_200


@lru_cache(maxsize=64)
def _account_at(endpoint: Endpoint, region: str, account_id: str) -> Account:
    return Account(endpoint=endpoint, region=region, id=account_id)


class Query(BaseResponse):
    """One request, as far as more than one kind of action reads it."""

    def __init__(self) -> None:
        super().__init__(service_name="cloudformation")
        self.automated_parameter_parsing = True

    @property
    def _stacks(self) -> Stacks:
        return STACKS[self.current_account][self.region]

    @property
    def _account(self) -> Account:
        where = urlsplit(self.uri)
        signer = keys.find(self.access_key)
        if signer is None:
            raise RuntimeError("a request without the keys of this run came through the gate")
        endpoint = Endpoint(f"{where.scheme}://{where.netloc}", signer)
        return _account_at(endpoint, self.region, self.current_account)

    def _stack(self) -> Stack:
        return self._stacks.find(str(self._get_param("StackName") or ""))

    def _operation(self, stack: Stack) -> Operation:
        return Operation(self._account, self._stacks, stack)

    def _tags(self, default: dict[str, str]) -> dict[str, str]:
        given = self._get_param("Tags")
        return default if given is None else {tag["Key"]: tag["Value"] for tag in given}

    def _template_text(self, stack: Stack | None) -> str:
        body, url = self._get_param("TemplateBody"), self._get_param("TemplateURL")
        if body and url:
            raise ValidationError("Specify TemplateBody or TemplateURL, not both")
        if url:
            return self._from_bucket(url)
        if body:
            if len(body.encode()) > LARGEST_BODY:
                raise ValidationError(
                    "1 validation error detected: Value at 'templateBody' failed to satisfy"
                    f" constraint: Member must have length less than or equal to {LARGEST_BODY}"
                )
            return str(body)
        if stack is not None and self._get_bool_param("UsePreviousTemplate"):
            return stack.template_text
        raise ValidationError("Either Template URL or Template Body must be specified.")

    def _from_bucket(self, url: str) -> str:
        """A template in a bucket, by path style or virtual host, on AWS's name or this one."""
        where = urlsplit(url)
        first = where.netloc.split(".")[0]
        path = where.path.lstrip("/")
        virtual = where.netloc.endswith(("amazonaws.com", "amazonaws.com.cn"))
        if virtual and not first.startswith("s3"):
            bucket, key = first, path
        else:
            bucket, _, key = path.partition("/")
        try:
            answer = self._account.client("s3").get_object(Bucket=bucket, Key=key)
        except Exception as error:
            raise ValidationError(f"S3 error: {error}") from error
        return str(answer["Body"].read().decode())

    def _wish(self, stack: Stack | None) -> tuple[str, Wish]:
        text = self._template_text(stack)
        wanted = template.load(text)
        template.check(wanted)
        self._check_capabilities(wanted)
        before = stack.parameters if stack else {}
        given: dict[str, str | None] = {
            parameter["ParameterKey"]: before.get(parameter["ParameterKey"])
            if parameter.get("UsePreviousValue")
            else parameter.get("ParameterValue")
            for parameter in self._get_param("Parameters") or []
        }
        if unknown := sorted(key for key, value in given.items() if value is None):
            raise ValidationError(f"Parameters: [{', '.join(unknown)}] must have values")
        texts = {key: str(value) for key, value in given.items()}
        chosen = parameters.values(wanted.get("Parameters", {}), texts)
        return text, Wish(wanted, chosen, self._tags(stack.tags if stack else {}))

    def _check_capabilities(self, wanted: template.Template) -> None:
        given = set(self._get_param("Capabilities") or [])
        for needed in template.capabilities(wanted):
            enough = {needed, "CAPABILITY_NAMED_IAM"}
            if not given & enough:
                raise InsufficientCapabilities(f"Requires capabilities : [{needed}]")

    def _options(self) -> dict[str, Any]:
        options = {name: self._get_param(name) for name in STACK_OPTIONS}
        return options | {"NotificationARNs": self._get_param("NotificationARNs") or []}

    def _on_failure(self) -> str:
        if self._get_bool_param("DisableRollback"):
            return "DO_NOTHING"
        return str(self._get_param("OnFailure") or "ROLLBACK")

    def _paged(
        self,
        key: str,
        items: list[Any],
        show: Callable[[Any], dict[str, Any]],
        *,
        more: dict[str, Any] | None = None,
    ) -> ActionResult:
        start = int(self._get_param("NextToken") or 0)
        page = [show(one) for one in items[start : start + PAGE]]
        end = start + PAGE
        token = {"NextToken": str(end)} if end < len(items) else {}
        return ActionResult({**(more or {}), key: page, **token})
