"""Two phones, two desktops, the bucket and time, in any interleaving, with faults anywhere.

Handlers stand still before each AWS call; hypothesis says which goes on and whether its call
fails or loses its answer. The model says what every client must see and what the table holds.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from qr_session.items import item_of
from qr_session.session import Session, ids_of_key, upload_key
from tests.handlers.drive import (
    Answer,
    App,
    bucket_event,
    event,
    http_event,
    scene,
)
from tests.handlers.fakes import DictBucket, DictSessions, ListPusher
from tests.handlers.interleave import Call, Fate, Job, Stepwise
from tests.handlers.model import Model
from tests.handlers.test_images import gif, png

LIMIT = 2
PHONES = ("phone-nonce-number-1", "phone-nonce-number-2")
UPLOADS = ("a" * 32, "b" * 32, "c" * 32)
KINDS = ("image/gif", "image/png")
DATA = {"image/gif": gif((16, 16)), "image/png": png((16, 16))}
CONNECTIONS = ("c1", "c2", "c3")
SELDOM = st.sampled_from([False] * 3 + [True])
FATES: st.SearchStrategy[Fate] = st.sampled_from(["go", "go", "go", "go", "fail", "lose"])


class Table(DictSessions):
    """The dict store with DynamoDB's stream."""

    def __init__(self) -> None:
        super().__init__()
        self.stream: list[Any] = []

    def _write(self, session: Session) -> Session:
        old, new = self.items[session.id], super()._write(session)
        record = event("stream_modify")["Records"][0]
        record["dynamodb"] |= {
            "OldImage": item_of(old),
            "NewImage": item_of(new),
            "SequenceNumber": str(len(self.stream) + 1),
        }
        self.stream.append(record)
        return new


class Sessions(RuleBasedStateMachine):
    """One session and everybody around it."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.bucket, self.pusher = Table(), DictBucket(), ListPusher()
        self.app = App(self.table, self.bucket, self.pusher, max_uploads=LIMIT)
        made = scene(self.app)
        self.id, self.desktop, self.upload, self.path = (
            made.id,
            made.desktop,
            made.upload,
            made.path,
        )
        self.model = Model(self.app.clock.now + 1800, LIMIT)
        self.app.sessions, self.app.bucket, self.app.pusher = (
            Stepwise(self.table),
            Stepwise(self.bucket),  # type: ignore[assignment]  # it stands in front of any
            Stepwise(self.pusher),  # type: ignore[assignment]  # it stands in front of any
        )
        self.jobs: list[Job] = []
        self.finished: list[tuple[Job, Any]] = []
        self.then: dict[Job, Any] = {}
        self.tokens: dict[str, str] = {}
        self.urls: dict[str, tuple[str, int]] = {}
        self.due: list[str] = []
        self.streamed = 0
        self.views: dict[str, Any] = {}
        self.answered: set[str] = set()

    @initialize(steps=st.sampled_from([5, 4, 3, 2, 1, 0]))
    def has_come(self, steps: int) -> None:
        """How far all went well before anything odd happens."""
        first: list[Callable[[], None]] = [
            lambda: self.subscribe("c1"),
            lambda: self.claim(PHONES[0]),
            lambda: self.request(PHONES[0], UPLOADS[0], KINDS[0], 20),
            lambda: self.put(UPLOADS[0], good=True),
            lambda: self.request(PHONES[0], UPLOADS[1], KINDS[1], 20),
        ]
        for begin in first[:steps]:
            begin()
            self._go_through()

    # -- what clients begin

    @rule(phone=st.sampled_from(PHONES))
    def claim(self, phone: str) -> None:
        made = http_event("POST", f"{self.path}/claim", self.upload, {"phone": phone})
        self._http(made, ("claim", phone, self.app.clock.now), lambda a: self._claimed(phone, a))

    @rule(
        phone=st.sampled_from(PHONES),
        upload=st.sampled_from(UPLOADS),
        kind=st.sampled_from(KINDS),
        size=st.sampled_from([20, 20, 21]),
    )
    def request(self, phone: str, upload: str, kind: str, size: int) -> None:
        token = self.tokens.get(phone, "never-claimed")
        body = {"uploadId": upload, "contentType": kind, "size": size}
        made = http_event("POST", f"{self.path}/uploads", token, body)
        who = phone if phone in self.tokens else "nobody"
        expected = ("request", who, upload, kind, size, self.app.clock.now)
        self._http(made, expected, lambda a: self._got_url(upload, kind, a))

    @rule(meant=SELDOM)
    def cancel(self, *, meant: bool) -> None:
        if not meant:
            return
        self._http(http_event("DELETE", self.path, self.desktop, None), ("cancel",), self._told)

    @rule()
    def poll(self) -> None:
        self._http(http_event("GET", self.path, self.desktop, None), ("read",), self._told)

    @rule(connection=st.sampled_from(CONNECTIONS))
    def subscribe(self, connection: str) -> None:
        if connection in self.pusher.gone:
            return
        self.answered.discard(connection)
        message = {"action": "subscribe", "v": 1, "sessionId": self.id, "token": self.desktop}
        made = event("websocket_subscribe") | {"body": json.dumps(message)}
        made["requestContext"]["connectionId"] = connection
        self._event(made, ("bind", connection), lambda a: self._subscribed(connection, a))

    @rule(connection=st.sampled_from(CONNECTIONS), meant=SELDOM)
    def close(self, connection: str, *, meant: bool) -> None:
        """The socket closes; its disconnect is a job that may run much later, or never."""
        if not meant:
            return
        self.pusher.gone.add(connection)
        made = event("websocket_disconnect")
        made["requestContext"]["connectionId"] = connection
        self._event(made, None, lambda a: self._is(a, {"statusCode": 200}))

    # -- what AWS begins

    @precondition(lambda self: self.urls)
    @rule(upload=st.sampled_from(UPLOADS), good=st.booleans())
    def put(self, upload: str, good: bool) -> None:
        """The phone uses a URL; S3 keeps the first object of a key, while the URL lives."""
        kind, until = self.urls.get(upload, ("", 0))
        key = upload_key(self.id, upload)
        if key not in self.bucket.objects and self.app.clock.now < until:
            self.app.bucket = self.bucket
            self.app.store_object(key, kind, DATA[kind] if good else b"no image")
            self.app.bucket = Stepwise(self.bucket)  # type: ignore[assignment]  # as above
            self.due.append(key)

    @precondition(lambda self: self.bucket.objects)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        """An event of any object, for the first time or again."""
        self._deliver(data.draw(st.sampled_from(sorted(self.bucket.objects))))

    @precondition(lambda self: self.streamed < len(self.table.stream))
    @rule()
    def stream(self) -> None:
        self._stream()

    @rule(seconds=st.sampled_from([0, 1, 1, 5, 100, 299, 1800]))
    def time_passes(self, seconds: int) -> None:
        self.app.clock.now += seconds

    @precondition(lambda self: self.app.clock.now >= self.model.expires_at)
    @rule(meant=SELDOM)
    def ttl(self, *, meant: bool) -> None:
        if meant:
            self.table.items.clear()
            self.model.delete()

    # -- how the begun goes on

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), fate=FATES)
    def go_on(self, data: st.DataObject, fate: Fate) -> None:
        self._step(self.jobs[data.draw(st.integers(0, len(self.jobs) - 1))], fate)

    @precondition(lambda self: self.jobs)
    @rule(data=st.data())
    def go_through(self, data: st.DataObject) -> None:
        job = self.jobs[data.draw(st.integers(0, len(self.jobs) - 1))]
        while not job.done:
            self._step(job, "go")

    # -- what holds at any time

    @invariant()
    def the_table_is_the_model_s(self) -> None:
        session = self.table.items.get(self.id)
        assert (session is not None) == self.model.exists
        if session is None:
            return
        now = self.app.clock.now
        assert session.rev == self.model.rev
        assert session.connection_id == self.model.connection
        assert (session.phone_hash is not None) == (self.model.phone is not None)
        uploads = {one.id: [one.content_type, one.size, one.status] for one in session.uploads}
        assert uploads == self.model.uploads
        if not self.jobs and now:
            assert len(session.uploads) <= LIMIT

    def teardown(self) -> None:
        """Everything begun ends well, what failed comes again; then the desktop knows all."""
        self._go_through()
        while self.due or self.streamed < len(self.table.stream):
            if self.due:
                self._deliver(self.due[0])
            else:
                self._stream()
            self._go_through()
        self.the_table_is_the_model_s()
        self._desktop_knows_all()

    def _desktop_knows_all(self) -> None:
        model, connection = self.model, self.model.connection
        for key in self.bucket.objects if model.exists and not model.cancelled else ():
            ids = ids_of_key(key)
            assert ids is not None
            assert model.uploads[ids[1]][2] in {"STORED", "REJECTED"}
        if model.exists and connection in self.answered - self.pusher.gone:
            view = self.views[str(connection)]
            uploads = tuple(sorted((one["id"], one["status"]) for one in view["uploads"]))
            assert ("matchCode" in view, view["status"] == "CANCELLED", uploads) == model.news()

    # -- the machinery

    def _http(self, made: Any, expected: tuple[Any, ...], then: Any) -> None:
        self._begin(lambda: self.app.http_answer(made), expected, then)

    def _event(self, made: Any, expected: tuple[Any, ...] | None, then: Any) -> None:
        self._begin(lambda: self.app.events(made), expected, then)

    def _begin(self, work: Any, expected: tuple[Any, ...] | None, then: Any) -> None:
        job = Job(work, self._applied)
        job.expected = expected
        self.then[job] = then
        self.jobs.append(job)
        job.start()
        self._end_if_done(job)

    def _go_through(self) -> None:
        while self.jobs:
            self._step(self.jobs[0], "go")

    def _step(self, job: Job, fate: Fate) -> None:
        job.step(fate)
        self._end_if_done(job)

    def _end_if_done(self, job: Job) -> None:
        if job.done:
            self.jobs.remove(job)
            self.then.pop(job)(job)

    def _applied(self, job: Job, call: Call) -> None:
        """The moment of a call's effect: the model takes its step, too."""
        name, arguments = call
        if name == "unbind":
            self.model.unbind(arguments[1])
        elif name == "finish":
            key = upload_key(self.id, arguments[1])
            good = self.bucket.objects[key].first_bytes != b"no image"
            self.model.finish(arguments[1], good=good)
        elif name == "post":
            self._pushed(*arguments)
        elif job.expected is not None and name != "bound_to":
            method, *values = job.expected
            job.expected = getattr(self.model, method)(*values)

    def _answer(self, job: Job) -> Any:
        """The answer to a request that had no fault, compared with the model's."""
        assert job.error is None
        answer = job.result
        if isinstance(answer, Answer):
            have = answer.status, answer.body.get("error")
        else:
            have = answer["statusCode"], json.loads(answer["body"]).get("error")
        if not job.faulted:
            assert have == job.expected
            return answer
        assert have in {(503, "unavailable"), (200, "unavailable")}
        return None

    def _claimed(self, phone: str, job: Job) -> None:
        answer = self._answer(job)
        if answer and answer.status == 200:
            self.tokens[phone] = answer.body["phoneToken"]
            assert self.model.phone == phone
            assert answer.body["status"] == self.model.shown(self.app.clock.now)

    def _got_url(self, upload: str, kind: str, job: Job) -> None:
        answer = self._answer(job)
        if answer and answer.status in {200, 201}:
            self.urls[upload] = (kind, answer.body["expiresAt"])
            assert answer.body["expiresAt"] <= self.model.expires_at

    def _told(self, job: Job) -> None:
        answer = self._answer(job)
        if answer and answer.status == 200:
            assert answer.body["rev"] == self.model.rev
            assert answer.body["status"] == self.model.shown(self.app.clock.now)

    def _subscribed(self, connection: str, job: Job) -> None:
        answer = self._answer(job)
        if answer and job.expected == (200, None):
            self.answered.add(connection)
            self._takes(connection, json.loads(answer["body"]))

    def _pushed(self, connection: str, message: bytes) -> None:
        if connection not in self.pusher.gone:
            assert b"token" not in message
            assert len(message) < 32 * 1024
            self._takes(connection, json.loads(message))

    def _takes(self, connection: str, state: Any) -> None:
        """What the page does with a state message."""
        last = self.views.get(connection, {"rev": 0, "status": ""})
        newer = state["rev"] > last["rev"]
        if newer or (state["rev"] == last["rev"] and state["status"] != last["status"]):
            self.views[connection] = state

    def _deliver(self, key: str) -> None:
        self._event(bucket_event(key), None, lambda job: self._delivered(key, job))

    def _delivered(self, key: str, job: Job) -> None:
        assert (job.error is not None) == job.faulted
        if job.faulted:
            self.due.append(key)
        else:
            self.due = [other for other in self.due if other != key]

    def _stream(self) -> None:
        record = self.table.stream[self.streamed]
        self._event({"Records": [record]}, None, self._stream_done)
        self.streamed += 1

    def _stream_done(self, job: Job) -> None:
        assert job.error is None
        failed = [one["itemIdentifier"] for one in job.result["batchItemFailures"]]
        assert bool(failed) == job.faulted
        if failed:
            self.streamed = min(self.streamed, int(failed[0]) - 1)

    def _is(self, job: Job, wanted: Any) -> None:
        assert (job.error, job.result) == (None, wanted)


TestSessions = Sessions.TestCase
TestSessions.settings = settings(max_examples=60, stateful_step_count=40)
