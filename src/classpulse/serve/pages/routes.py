"""Every page's address."""

from starlette.routing import BaseRoute

from classpulse.serve.pages import (
    card,
    changes,
    exams,
    find,
    grading,
    missing,
    overview,
    sections,
    sign_in,
    students,
    subjects,
    supports,
)
from classpulse.serve.pages.rendering import static_files

routes: list[BaseRoute] = [
    *overview.routes,
    *sections.routes,
    *exams.routes,
    *subjects.routes,
    *students.routes,
    *card.routes,
    *find.routes,
    *grading.routes,
    *missing.routes,
    *supports.routes,
    *changes.routes,
    *sign_in.routes,
    static_files().route,
]
