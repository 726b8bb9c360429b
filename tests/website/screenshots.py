"""Takes a picture of each state of both pages.

    python -m tests.website.screenshots FOLDER [NAME...]      all, or those whose names begin so
    python -m tests.website.screenshots --best docs/screenshots

Light and dark, desktop and phone, the narrow width at which everything must still fit, and Arabic.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from tests.website.browser import launch
from tests.website.fake import OUTPUTS, Service
from tests.website.published import published, serving

DESKTOP, PHONE, NARROW = (1280, 800), (390, 844), (320, 568)
# A phone with its browser's bars, half a laptop's screen, a low window, a laptop at 200 %.
WINDOWS = ((390, 664), (683, 768), (911, 512), (640, 400))
SETTLED = """count => document.querySelectorAll(
  ".item[data-state=arrived], .item[data-state=rejected], .item[data-state=failed]"
).length === count"""
# Time that passes when a scene says so.
PASSING = """
window.passed = 0;
const [count, tell] = [performance.now.bind(performance), Date.now];
performance.now = () => count() + window.passed * 1000;
Date.now = () => tell() + window.passed * 1000;
"""
BEST = [
    *("waiting-1280x800-light", "receiving-1280x800-dark", "arabic-1280x800-light"),
    *("ready-390x844-light", "sent-390x844-dark", "problems-320x568-light"),
]
PHOTOS = [
    [(246, 190, 120), (208, 110, 92), (70, 52, 74)],
    [(170, 208, 222), (84, 138, 148), (38, 66, 62)],
    [(226, 214, 190), (150, 158, 110), (62, 84, 54)],
    [(190, 186, 220), (122, 112, 168), (52, 46, 88)],
]


def photo(number: int, size: tuple[int, int] = (900, 1200)) -> bytes:
    """A landscape of three hills under a low sun, as a JPEG."""
    sky, near, far = PHOTOS[number % len(PHOTOS)]
    width, height = size
    image = Image.new("RGB", size, sky)
    draw = ImageDraw.Draw(image)
    x, y = width * (0.3 + 0.13 * number % 0.5), height * 0.34
    draw.ellipse([x - 90, y - 90, x + 90, y + 90], fill=tuple(min(255, c + 32) for c in sky))
    for step, share in enumerate((0.45, 0.6, 0.75)):
        blend = [round(n + (f - n) * step / 2) for n, f in zip(near, far, strict=True)]
        left, right = height * (share - 0.1 * (number % 2)), height * (share - 0.1 + 0.1 * step)
        top = [(0, left), (width * 0.35, left - 90), (width * 0.7, right + 40), (width, right)]
        draw.polygon([(0, height), *top, (width, height)], fill=tuple(blend))
    data = io.BytesIO()
    image.save(data, "JPEG", quality=80)
    return data.getvalue()


@dataclass
class Scene:
    """A browser page together with its services, in a state that is to be seen."""

    page: Any
    service: Service
    address: str

    def open_desktop(self) -> None:
        """The desktop page, once its code stands."""
        self.page.goto(self.address)
        self.page.wait_for_selector("body[data-phase=waiting]")

    def open_phone(self) -> None:
        """The phone page with a link that is known."""
        self.service._create()
        session_id = self.service.session["sessionId"]
        self.page.goto(f"{self.address}/phone.html#1.{session_id}.{'u' * 32}")

    def settled(self, count: int) -> None:
        """Wait until so many photos have arrived, or can't."""
        self.page.wait_for_function(SETTLED, arg=count)

    def choose(self, *numbers: int, extra: tuple[tuple[str, bytes], ...] = ()) -> None:
        """Choose photos from the phone's library."""
        files = [(f"IMG_{4100 + number}.jpg", photo(number)) for number in numbers]
        self.page.set_input_files(
            "#library",
            [
                {"name": name, "mimeType": "image/jpeg", "buffer": data}
                for name, data in [*files, *extra]
            ],
        )


def waiting(scene: Scene) -> None:
    scene.open_desktop()


def soon(scene: Scene) -> None:
    scene.service.seconds = 95
    scene.open_desktop()


def connected(scene: Scene) -> None:
    scene.open_desktop()
    scene.page.wait_for_timeout(150)
    scene.service._claim("nonce")


def receiving(scene: Scene) -> None:
    connected(scene)
    scene.service.upload(1, "STORED", photo(0), name="IMG_4100.jpg")
    scene.service.upload(2, "STORED", photo(1), name="Sommer am See.jpg")
    scene.service.upload(3, "REQUESTED", name="IMG_4102.jpg")


def arrived(scene: Scene) -> None:
    connected(scene)
    for number in range(4):
        scene.service.upload(number + 1, "STORED", photo(number), name=f"IMG_{4100 + number}.jpg")
    scene.page.wait_for_selector(".tile:nth-child(4) img")


def one_photo(scene: Scene) -> None:
    connected(scene)
    scene.service.upload(1, "STORED", photo(0), name="IMG_4100.jpg")
    scene.page.wait_for_selector(".tile img")


def first_coming(scene: Scene) -> None:
    connected(scene)
    scene.service.upload(1, "REQUESTED", name="IMG_4100.jpg")


def late(scene: Scene) -> None:
    scene.page.add_init_script(PASSING)
    receiving(scene)
    scene.page.wait_for_selector(".tile:nth-child(2) img")
    scene.page.evaluate("window.passed = 310")
    scene.page.wait_for_selector("body[data-phase=arrived]")


def at_the_limit(scene: Scene) -> None:
    scene.service.max_uploads = 4
    arrived(scene)


def large(scene: Scene) -> None:
    arrived(scene)
    scene.page.click(".tile:nth-child(2) a")
    scene.page.wait_for_selector(".viewer img")


def question(scene: Scene) -> None:
    receiving(scene)
    scene.page.click("#stop")


def done(scene: Scene) -> None:
    arrived(scene)
    scene.page.click("#stop")


def again(scene: Scene) -> None:
    arrived(scene)
    scene.page.click("#renew")
    scene.page.wait_for_selector("body[data-phase=waiting]")


def refused(scene: Scene) -> None:
    connected(scene)
    scene.service.upload(1, "STORED", photo(2))
    scene.service.upload(2, "REJECTED")
    scene.service.upload(3, "STORED", b"\0\0\0\x18ftypheic", "image/heic")


def ended(scene: Scene) -> None:
    connected(scene)
    scene.service.change(status="EXPIRED")


def stopped(scene: Scene) -> None:
    scene.open_desktop()
    scene.page.click("#stop")


def offline(scene: Scene) -> None:
    connected(scene)
    scene.page.wait_for_timeout(200)
    scene.page.context.set_offline(True)
    scene.page.evaluate("dispatchEvent(new Event('offline'))")


def unreachable(scene: Scene) -> None:
    scene.service.answers["POST session"] = [(0, {})] * 9
    scene.page.goto(scene.address)


def arabic(scene: Scene) -> None:
    arrived(scene)
    scene.page.click("#language")


def arabic_waiting(scene: Scene) -> None:
    waiting(scene)
    scene.page.click("#language")


def ready(scene: Scene) -> None:
    scene.open_phone()
    scene.page.wait_for_selector("body[data-phase=ready]")


def sending(scene: Scene) -> None:
    ready(scene)
    scene.choose(0)
    scene.settled(1)
    scene.service.hangs.add("PUT object")
    scene.choose(1, 2, 3)


def sent(scene: Scene) -> None:
    ready(scene)
    scene.choose(0, 1, 2)
    scene.settled(3)


def problems(scene: Scene) -> None:
    ready(scene)
    scene.service.rejects = True
    scene.choose(1, extra=(("notes.jpg", b"not a picture"), ("film.jpg", b"\xff\xd8\xff\xe0")))
    scene.settled(3)


def retrying(scene: Scene) -> None:
    ready(scene)
    scene.service.answers["POST uploads"] = [(0, {})] * 9
    scene.choose(3)


def taken(scene: Scene) -> None:
    scene.service.phone = "another"
    scene.service._create()
    scene.service.phone = "another"
    scene.page.goto(f"{scene.address}/phone.html#1.{scene.service.session['sessionId']}.{'u' * 32}")


def ask(scene: Scene) -> None:
    scene.service._create()
    session_id = scene.service.session["sessionId"]
    scene.page.goto(f"{scene.address}/phone.html#1.{session_id}.{'u' * 32}.ask")


def last_minutes(scene: Scene) -> None:
    scene.service.seconds = 200
    sent(scene)


def stuck(scene: Scene) -> None:
    ready(scene)
    scene.service.answers["POST uploads"] = [(409, {"error": "quota"})]
    scene.choose(0)
    scene.page.wait_for_selector("[data-state=failed]")
    scene.choose(extra=(("IMG_4104.jpg", photo(1)[:-9000]),))
    scene.choose(2)
    scene.service.answers["PUT object"] = [(503, {})] * 9


def full(scene: Scene) -> None:
    scene.service.max_uploads = 3
    sent(scene)


def finished(scene: Scene) -> None:
    sent(scene)
    scene.service.change(status="COMPLETED", expiresAt=scene.service.now() - 1)
    scene.page.evaluate("dispatchEvent(new Event('online'))")


def closed(scene: Scene) -> None:
    ready(scene)
    scene.service.change(status="CANCELLED")
    scene.page.wait_for_timeout(200)
    scene.page.evaluate("dispatchEvent(new Event('online'))")


def no_link(scene: Scene) -> None:
    scene.page.goto(f"{scene.address}/phone.html")


def phone_arabic(scene: Scene) -> None:
    sent(scene)
    scene.page.click("#language")


DESKTOP_SCENES: list[Callable[[Scene], None]] = [
    *(waiting, soon, connected, first_coming, receiving, one_photo, arrived, refused, late),
    *(
        at_the_limit,
        large,
        question,
        done,
        again,
        ended,
        stopped,
        offline,
        unreachable,
        arabic,
        arabic_waiting,
    ),
]
PHONE_SCENES: list[Callable[[Scene], None]] = [
    *(ready, sending, sent, problems, retrying, taken, closed, no_link, phone_arabic),
    *(ask, last_minutes, stuck, full, finished),
]


@dataclass(frozen=True)
class Look:
    """How a state is looked at."""

    size: tuple[int, int]
    scheme: str
    language: str = "en"

    def name(self, scene: str) -> str:
        """The picture's name."""
        language = "" if self.language == "en" else f"-{self.language}"
        width, height = self.size
        return f"{scene}-{width}x{height}-{self.scheme}{language}"


def looks(wide: tuple[int, int]) -> list[Look]:
    """Every window in both themes, then the widest and the narrowest from right to left."""
    sizes = (wide, NARROW, *WINDOWS)
    english = [Look(size, scheme) for size in sizes for scheme in ("light", "dark")]
    return [*english, Look(wide, "light", "ar"), Look(NARROW, "light", "ar")]


def shoot(
    browser: Browser, scene: Callable[[Scene], None], wanted: list[Look], folder: Path
) -> None:
    """One state, in each of its looks."""
    with tempfile.TemporaryDirectory() as site, serving(Path(site) / "site") as address:
        published({**OUTPUTS, "WebsiteURL": address}, Path(site) / "site")
        context = browser.new_context(locale="en-GB", reduced_motion="reduce")
        service = Service()
        service.attach(context)
        page = context.new_page()
        page.on("console", lambda message: print(scene.__name__, message.type, message.text))
        page.on("pageerror", lambda error: print(scene.__name__, error))
        page.set_viewport_size(_size(wanted[0]))
        scene(Scene(page, service, address))
        page.wait_for_timeout(500)
        language = "en"
        for look in wanted:
            page.set_viewport_size(_size(look))
            page.emulate_media(color_scheme="dark" if look.scheme == "dark" else "light")
            if look.language != language:
                page.evaluate("document.getElementById('language').click()")
                language = look.language
            page.wait_for_timeout(100)
            page.screenshot(path=folder / f"{look.name(scene.__name__)}.png", full_page=True)
        context.close()


def _size(look: Look) -> ViewportSize:
    return {"width": look.size[0], "height": look.size[1]}


def shrink(path: Path) -> None:
    """Few colours in place of many: these pictures are flat, and the repository keeps them."""
    image = Image.open(path).convert("RGB").quantize(192, dither=Image.Dither.NONE)
    image.save(path, optimize=True)


def main(folder: Path, is_wanted: Callable[[str], bool]) -> None:
    """Everything there is to see, of which something wants the name."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for scenes, wide in ((DESKTOP_SCENES, DESKTOP), (PHONE_SCENES, PHONE)):
            for scene in scenes:
                wanted = [look for look in looks(wide) if is_wanted(look.name(scene.__name__))]
                if wanted:
                    shoot(browser, scene, wanted, folder)
        browser.close()


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[0] == "--best":
        main(Path(arguments[1]), BEST.__contains__)
        for name in BEST:
            shrink(Path(arguments[1]) / f"{name}.png")
    else:
        main(Path(arguments[0]), lambda name: name.startswith(tuple(arguments[1:] or [""])))
