"""Bytes on their way in (F2): resumable uploads, digests, check runs, previews and other derivatives."""
