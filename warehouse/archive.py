"""Archives: what may be in them, and their files unpacked no further than the limits allow.

Sizes that an archive states of its own files are only believed where they are too large.
"""

import io
import re
import stat
import struct
import zipfile
import zlib
from collections import Counter
from lzma import LZMAError
from pathlib import PurePosixPath

from warehouse.limits import Limits, beyond
from warehouse.rejection import FileRejectedError, Rejection

CHUNK_BYTES = 1 << 20

_ENCRYPTED = 0x1
_UNSAFE_NAME = re.compile(r"^[/\\]|^[A-Za-z]:|[\x00-\x1f\x7f\\]|(?:^|/)\.\.(?:/|$)")
# What systems and programs put beside the files that people pack.
_COMPANIONS = re.compile(r"(?:^|/)(?:__MACOSX/.*|\.[^/]*|~\$[^/]*|Thumbs\.db|desktop\.ini)$", re.IGNORECASE)

# What the libraries raise on an archive that is damaged, or packed in a way they do not know.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
    struct.error,
    OverflowError,
)


class Archive:
    """An archive whose list of files has been found harmless. Its bytes are not yet."""

    def __init__(self, name: str, content: bytes, limits: Limits) -> None:
        """Open it.

        Raises:
            FileRejectedError: it is damaged, encrypted, too large, or its files have names that no file may have.
        """
        self._name = name
        self._limits = limits
        self._left = max(limits.unpacked_free_bytes, min(limits.unpacked_bytes, limits.unpacked_ratio * len(content)))
        self._allowed = self._left
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except _DAMAGE as error:
            raise self._unreadable(error) from error
        self.members = {info.filename: info for info in self._zip.infolist()}
        self._check()

    def _check(self) -> None:
        infos = self._zip.infolist()
        if len(infos) > self._limits.archive_members:
            raise beyond(self._name, "too_many_members", self._limits.archive_members)
        for info in infos:
            unsafe = _UNSAFE_NAME.search(info.orig_filename) or stat.S_ISLNK(info.external_attr >> 16)
            if unsafe:
                raise self._rejected("unsafe_member", info.orig_filename)
            if info.flag_bits & _ENCRYPTED:
                raise self._rejected("encrypted_file")
        if twice := [name for name, count in Counter(info.filename for info in infos).items() if count > 1]:
            raise self._rejected("unsafe_member", twice[0])
        if sum(info.file_size for info in infos) > self._allowed:
            raise beyond(self._name, "unpacked_too_large", self._allowed)

    @property
    def files(self) -> list[str]:
        """Names of the files that a person has packed."""
        return [name for name, info in self.members.items() if not info.is_dir() and not _COMPANIONS.search(name)]

    def read(self, member: str) -> bytes:
        """Return the bytes of a file.

        Raises:
            FileRejectedError: it is damaged, or larger than what may be unpacked of one archive in all.
        """
        parts: list[bytes] = []
        try:
            with self._zip.open(self.members[member]) as stream:
                while part := stream.read(CHUNK_BYTES):
                    self._left -= len(part)
                    if self._left < 0:
                        raise beyond(self._name, "unpacked_too_large", self._allowed)
                    parts.append(part)
        except _DAMAGE as error:
            raise self._unreadable(error) from error
        return b"".join(parts)

    def has(self, member: str) -> bool:
        """Tell whether the archive has a file of that name."""
        return member in self.members

    def _unreadable(self, error: Exception) -> FileRejectedError:
        return FileRejectedError(Rejection(self._name, 0, "", "", "unreadable_file", f"ZIP: {error}"))

    def _rejected(self, rule: str, value: str = "") -> FileRejectedError:
        shown = PurePosixPath(value).as_posix().replace("\x00", "\ufffd") if value else ""
        return FileRejectedError(Rejection(self._name, 0, "", shown, rule, ""))
