"""`portvakt texts`: every text with a code, as a phone shows it, and what it costs."""

from argparse import ArgumentParser, Namespace

from portvakt import gsm7
from portvakt.commands.shell import Shell, print_json
from portvakt.settings.text_checks import PURPOSES
from portvakt.text_settings import code_text_of
from portvakt.texts import LANGUAGES, Texts

EXAMPLE = "portvakt texts"
DIGITS = "123456"
"""A code that nobody takes for one."""


def arguments(parser: ArgumentParser) -> None:
    """Take `--json` and nothing else."""
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(args: Namespace, shell: Shell) -> int:
    """Print each text with how many messages it makes."""
    writer = code_text_of(shell.settings(), Texts.load())
    found = [
        (language, purpose, writer.code(language, purpose=purpose, digits=DIGITS))
        for language in LANGUAGES
        for purpose in PURPOSES
    ]
    if args.json:
        print_json(
            [
                {
                    "language": language,
                    "purpose": purpose,
                    "text": text,
                    "parts": gsm7.parts(text),
                    "characters": gsm7.size(text),
                }
                for language, purpose, text in found
            ]
        )
        return 0
    for language, purpose, text in found:
        parts = gsm7.parts(text)
        said = "1 message" if parts == 1 else f"{parts} messages"
        print(f"{language} {purpose}: {said}, {gsm7.size(text)} characters")
        print("\n".join(f"    {line}".rstrip() for line in text.split("\n")))
    return 0
