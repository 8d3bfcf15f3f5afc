"""Uploads: a file that is larger than any we take is read past and dropped, not kept on disk first."""

from __future__ import annotations

from typing import Any, Final

from django.core.files.uploadhandler import FileUploadHandler, SkipFile

MOST_BYTES: Final = 5 * 1024 * 1024


class CappedUploads(FileUploadHandler):
    """Stands before the handlers that keep files. The form then misses the file, and says so."""

    def __init__(self, request: Any = None) -> None:  # noqa: ANN401
        super().__init__(request)
        self._seen = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Another file begins."""
        super().new_file(*args, **kwargs)
        self._seen = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Hand it on until it is too much."""
        self._seen += len(raw_data)
        if self._seen > MOST_BYTES:
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Others keep it."""
