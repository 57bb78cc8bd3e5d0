"""The Merkle tree: RFC 6962's published vectors, and that no proof of one thing proves another."""

import hashlib
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhudang.audit.domain import merkle

# Leaves, roots and proofs that certificate-transparency implementations share as their test vectors (SHA-256).
LEAVES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [bytes.fromhex(text) for text in (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)]  # fmt: skip
EMPTY = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
INCLUSION = {
    (0, 8): "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    (5, 8): "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    (2, 3): "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
}
CONSISTENCY = {
    (1, 8): "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    (6, 8): "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    (2, 5): "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
}


@dataclass
class Tree:
    """A tree whose leaves all lie in memory."""

    leaves: list[bytes]
    algorithm: str = merkle.ALGORITHM

    def subtree(self, first: int, end: int) -> bytes:
        size = end - first
        assert size & (size - 1) == 0 and first % size == 0, "asked for something that is no whole part"
        return merkle.root_of(self.leaves[first:end], self.algorithm)

    def root(self, size: int) -> bytes:
        return merkle.root_of(self.leaves[:size], self.algorithm)


def _published() -> Tree:
    return Tree([hashlib.sha256(b"\x00" + leaf).digest() for leaf in LEAVES], "sha256")


def _cut(text: str) -> list[bytes]:
    return [bytes.fromhex(text[start : start + 64]) for start in range(0, len(text), 64)]


def test_roots_are_the_published_ones() -> None:
    tree = _published()
    assert merkle.root_of([], "sha256") == EMPTY
    assert [tree.root(size) for size in range(1, 9)] == ROOTS
    assert [merkle.root_at(size, tree.subtree, "sha256") for size in range(1, 9)] == ROOTS


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_inclusion_proofs_are_the_published_ones(index: int, size: int) -> None:
    tree, wanted = _published(), _cut(INCLUSION[index, size])
    assert merkle.inclusion(index, size, tree.subtree, "sha256") == wanted
    assert merkle.is_included(tree.leaves[index], index, size, wanted, ROOTS[size - 1], "sha256")


@pytest.mark.parametrize(("before", "size"), CONSISTENCY)
def test_consistency_proofs_are_the_published_ones(before: int, size: int) -> None:
    tree, wanted = _published(), _cut(CONSISTENCY[before, size])
    assert merkle.consistency(before, size, tree.subtree, "sha256") == wanted
    assert merkle.is_consistent(before, ROOTS[before - 1], size, ROOTS[size - 1], wanted, "sha256")


LOG = Tree([hashlib.new("sm3", bytes([number])).digest() for number in range(70)])


@given(st.data())
def test_every_entry_proves_itself_and_no_other(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70))
    index = data.draw(st.integers(0, size - 1))
    path, root = merkle.inclusion(index, size, LOG.subtree), LOG.root(size)
    assert merkle.is_included(LOG.leaves[index], index, size, path, root)
    other = data.draw(st.integers(0, 69))
    if other != index:
        assert not merkle.is_included(LOG.leaves[other], index, size, path, root)
        assert not merkle.is_included(LOG.leaves[index], other, size, path, root)
    assert not merkle.is_included(LOG.leaves[index], index, size, [*path, root], root)
    assert not path or not merkle.is_included(LOG.leaves[index], index, size, path[:-1], root)


@given(st.data())
def test_a_later_tree_proves_its_beginning_and_no_changed_one(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70))
    before = data.draw(st.integers(1, size))
    path, old, new = merkle.consistency(before, size, LOG.subtree), LOG.root(before), LOG.root(size)
    assert merkle.is_consistent(before, old, size, new, path)
    rewritten = list(LOG.leaves[:size])
    rewritten[data.draw(st.integers(0, before - 1))] = b"\x00" * 32
    assert not merkle.is_consistent(before, old, size, merkle.root_of(rewritten), path)
    forged = Tree(rewritten)
    assert not merkle.is_consistent(
        before, old, size, forged.root(size), merkle.consistency(before, size, forged.subtree)
    )


def test_a_proof_for_a_leaf_beyond_the_tree_is_refused() -> None:
    with pytest.raises(ValueError, match="no leaf 3"):
        merkle.inclusion(3, 3, LOG.subtree)
    with pytest.raises(ValueError, match="no tree of 0"):
        merkle.consistency(0, 3, LOG.subtree)
    assert not merkle.is_included(LOG.leaves[0], 5, 3, [], LOG.root(3))
    assert not merkle.is_consistent(4, LOG.root(4), 3, LOG.root(3), [])
