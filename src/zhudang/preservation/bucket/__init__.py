"""A storage root in a bucket of an S3-compatible server, with the same keys as the files of a root on a disk.

    <prefix>/store/       the OCFL storage root
    <prefix>/quarantine/  damaged files set aside before they were written anew, where the bucket keeps no versions
    <prefix>/log-witness/ heads of the log, a file for each hour's new lines (`far_witness`)
    <prefix>/probe/       a file to try whether anything can be deleted

Nothing here deletes, or needs the right to. What is at stake is never told by an ETag: a copy counts once every byte was
read back and compared with the inventory's SHA-512.
"""
