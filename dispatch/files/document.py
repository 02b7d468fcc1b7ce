"""A YAML file read into a model, with errors that a person can act on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
from msgspec import inspect

from dispatch.errors import FileRefusedError
from dispatch.files.refusals import Steps, refuse, show
from dispatch.files.schema import Reading
from dispatch.files.texts import compose, read_text

Model = TypeVar("Model")


@dataclass(frozen=True, slots=True)
class Document(Generic[Model]):
    """What a file says, and on which line it says it.

    Attributes
    ----------
    name
        The file as the operator named it.
    value
        The model read from it.
    lines
        The line of every value, counted from 1, by its steps.
    """

    name: str
    value: Model
    lines: Mapping[Steps, int]

    def refusal(
        self,
        steps: Steps,
        value: object,
        allowed: str | Iterable[str],
        nearest: Iterable[str] = (),
    ) -> FileRefusedError:
        """Make the error for a value that is wrong in the light of others.

        Parameters
        ----------
        steps
            The way to the value; it may end in a key that the file lacks.
        value
            What is there.
        allowed
            A phrase, or the values to choose from: then the nearest one is suggested.
        nearest
            Where ``allowed`` is a phrase: values of which the nearest is suggested.
        """
        line, problem = self._line(steps), f"is {show(value)}"
        return refuse(self.name, line, steps, problem, value, allowed, nearest)

    def repetition(self, steps: Steps, first: Steps, value: object) -> FileRefusedError:
        """Make the error for a value that has to be unique and was given before."""
        problem = f"is {show(value)}, as on line {self._line(first)}"
        return refuse(self.name, self._line(steps), steps, problem, value, "each one once")

    def _line(self, steps: Steps) -> int:
        while steps and steps not in self.lines:
            steps = steps[:-1]
        return self.lines.get(steps, 1)


def read_document(path: Path, model: type[Model]) -> Document[Model]:
    """Read a YAML file into a model.

    Parameters
    ----------
    path
        UTF-8 text with one YAML document.
    model
        A msgspec Struct; its constraints are what is allowed.

    Returns
    -------
    Document
        The model and the line of each of its values.

    Raises
    ------
    FileRefusedError
        The file cannot be read, is not YAML, or says something that the model does not allow;
        names the file, the line, the field, its value and what is allowed.
    """
    name = str(path)
    reading = Reading(name)
    plain = reading.read(compose(name, read_text(path)), inspect.type_info(model), ())
    try:
        value = msgspec.convert(plain, model)
    except msgspec.ValidationError as error:
        problem = f"does not fit: {error}"
        raise refuse(name, 1, (), problem, "", "see the guide to files") from error
    return Document(name, value, reading.lines)
