"""A wheel, installed outside the checkout, has all that it needs."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by the project's own build backend, which the developer's environment has."""
    folder = tmp_path_factory.mktemp("wheel")
    code = f"import hatchling.build; print(hatchling.build.build_wheel({str(folder)!r}))"
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=checkout,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_it_holds_every_file_beside_the_code(checkout: Path, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
        (entry_points,) = (name for name in inside if name.endswith("entry_points.txt"))
        assert "classpulse = classpulse.cli:main" in archive.read(entry_points).decode()
    for folder in ("sql", "templates", "static"):
        for file in (checkout / folder).rglob("*"):
            if file.is_file():
                assert f"classpulse/assets/{file.relative_to(checkout)}" in inside


def test_it_works_in_an_environment_of_its_own(wheel: Path, tmp_path: Path) -> None:
    """With the dependencies of this environment, since they are what they are."""
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=False)
    (site,) = environment.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    dependencies = next(
        path for path in sys.path if path.endswith("site-packages") and Path(path).is_dir()
    )
    site.joinpath("dependencies.pth").write_text(f"{dependencies}\n")

    def ran(code: str, *arguments: str) -> str:
        done = subprocess.run(
            [environment / "bin" / "python", "-P", "-c", code, *arguments],
            cwd=tmp_path,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    main = "from classpulse.cli import main; main()"
    assert str(site) in ran("import classpulse; print(classpulse.__file__)")
    assert ran(main, "--version").startswith("classpulse ")
    printed = ran(main, "migrate", "--print-sql")
    assert "create table" in printed
    assert "install_capture" in printed
    folders = ran(
        "from classpulse.assets import folder\n"
        "for name in ('sql', 'templates', 'static'):\n"
        "    print(folder(name), len(list(folder(name).rglob('*'))) > 1)"
    )
    assert folders.count(str(site)) == 3
    assert folders.count("True") == 3
