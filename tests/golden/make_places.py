"""Writes places.json: samples of what makes, joins, cuts, turns, picks and multiplies tensors, in the form of ops.json.

Run with PyTorch 2.13: python tests/golden/make_places.py
"""

import json
import pathlib

import torch

from make_ops import add, b8, bf16, cases, f16, f32, f64, i32, i64, t, u8


def index(*values, dtype=i64):
    return torch.tensor(values, dtype=dtype)


def creation():
    for args in ((5,), (1, 4), (1, 7, 2), (5, 0, -2), (0, 1, 0.25), (2, 2), (0, -8.000001, -4)):
        for dtype in (None, f32, f64, i64, i32, u8, f16, bf16):
            add("arange", *args, **({} if dtype is None else {"dtype": dtype}))
    for args in ((0, 3, 0), (0, 3, -1), (3, 0, 1), (0, float("inf")), (0, 3, 0.5)):
        add("arange", *args, **({"dtype": i64} if args[-1] == 0.5 else {}))
    for steps in (0, 1, 2, 5, -1):
        for dtype in (f32, f64, i64, u8):
            add("linspace", -1.5 if dtype != u8 else 1, 4.3, steps, dtype=dtype)
            add("logspace", 0, 1.2, steps, 2.0, dtype=dtype)
    add("linspace", torch.tensor(1.0), 3, 3)
    add("linspace", torch.tensor([1.0]), 3, 3)
    add("logspace", torch.tensor(1), torch.tensor(2), 3)
    for args in ((3,), (2, 3), (0,), (3, 0), (-1,), (2, -3)):
        add("eye", *args)
        add("eye", *args, dtype=b8)


def products():
    def x(*sizes, dtype=f64):
        return t(*sizes, dtype=dtype)

    for kwargs in ({}, {"beta": 0.5, "alpha": -2}, {"beta": 0}, {"alpha": 0.5}):
        whole = {k: int(v) for k, v in kwargs.items()}
        add("addmm", x(2, 4), x(2, 3), x(3, 4), **kwargs)
        add("addbmm", x(2, 4), x(3, 2, 3), x(3, 3, 4), **kwargs)
        add("addbmm", x(4), x(3, 2, 3), x(3, 3, 4), **kwargs)
        add("baddbmm", x(3, 2, 4), x(3, 2, 3), x(3, 3, 4), **kwargs)
        add("baddbmm", x(1), x(3, 2, 3), x(3, 3, 4), **kwargs)
        add("addmv", x(2), x(2, 3), x(3), **kwargs)
        add("addmv", x(1), x(2, 3), x(3), **kwargs)
        add("addr", x(2, 3), x(2), x(3), **kwargs)
        for dtype in (i64, i32, u8):
            add("addbmm", x(2, 4, dtype=dtype), x(3, 2, 3, dtype=dtype), x(3, 3, 4, dtype=dtype), **kwargs)
            add("baddbmm", x(3, 2, 4, dtype=dtype), x(3, 2, 3, dtype=dtype), x(3, 3, 4, dtype=dtype), **kwargs)
            add("addmv", x(2, dtype=dtype), x(2, 3, dtype=dtype), x(3, dtype=dtype), **kwargs)
            add("addr", x(2, 3, dtype=dtype), x(2, dtype=dtype), x(3, dtype=dtype), **whole)
    add("addr", x(2, 3, dtype=b8), x(2, dtype=b8), x(3, dtype=b8), beta=3, alpha=2)
    add("addr", x(2, 3, dtype=i64), x(2, dtype=i64), x(3, dtype=i64), beta=0.5)
    add("addbmm", x(2, 4), x(0, 2, 3), x(0, 3, 4), beta=2)
    add("addbmm", x(2, 4), x(3, 2, 3), x(2, 3, 4))
    add("addbmm", x(2, 4), x(3, 2, 3), x(3, 2, 4))
    add("baddbmm", x(2, 4), x(3, 2), x(3, 2, 4))
    add("addmv", x(2, 2), x(2, 3), x(3))
    add("addmv", x(2), x(2, 3), x(4))
    add("addmv", x(2, dtype=f32), x(2, 3), x(3))
    add("addr", x(2, 3), x(2, 1), x(3))
    add("bmm", x(2, 3, 2), x(2, 2, 4))
    add("bmm", x(2, 3, 2), x(2, 3, 4))
    add("dot", x(4), x(4))
    add("dot", x(4), x(3))
    add("inner", x(2, 3), x(4, 3))
    add("inner", x(), x(3))
    add("kron", x(2, 2), x(3))
    add("cross", x(4, 3), x(4, 3))
    add("cross", x(3, 2), x(3, 2))
    add("cross", x(2, 3, 4), x(2, 3, 4), dim=1)
    add("cross", x(2, 4), x(2, 4))
    for equation, shapes in (("i->", [(3,)]), ("ij->ji", [(2, 3)]), ("ii->i", [(3, 3)]), ("ij,jk", [(2, 3), (3, 4)]),
                             ("bij,bjk->bik", [(2, 3, 2), (2, 2, 4)]), ("...ij,...jk->...ik", [(2, 3, 2), (2, 4)]),
                             ("i,j,k->kji", [(2,), (3,), (2,)]), ("ijk,k->ij", [(2, 3, 2), (1,)])):
        add("einsum", equation, *[x(*s) for s in shapes])
    add("einsum", "ij,jk->iz", x(2, 3), x(3, 4))
    add("einsum", "ij,jk", x(2, 3))
    add("einsum", "ij", x(2))


def arrangement():
    for n in (1, 2, 3):
        x = t(*(2, 3, 4)[:n], dtype=f64)
        for name in ("atleast_1d", "atleast_2d", "atleast_3d"):
            add(name, x.clone())
    add("atleast_2d", [t(), t(2), t(2, 3)])
    add("block_diag", t(2, 2), t(3), t(1, 2))
    add("broadcast_tensors", t(2, 1), t(3))
    add("broadcast_to", t(3, 1, dtype=f64), (2, 3, 4))
    add("broadcast_to", t(3), (2, 2))
    add("cartesian_prod", index(1, 2), index(3, 4, 5))
    add("combinations", index(1, 2, 3))
    add("combinations", t(4, dtype=f64), 3)
    add("combinations", index(1, 2, 3), with_replacement=True)
    add("combinations", index(1, 2, 3), 1)
    add("combinations", t(2, 2))
    for dim in (0, 1, -1, 2):
        add("cat", [t(2, 3, dtype=f64), t(2, 3, dtype=f64)], dim)
        add("chunk", t(5, 4, dtype=f64), 3, dim)
    add("cat", [t(2, 3), t(2, 3, dtype=i64), t(0)])
    add("cat", [t(2, 3), t(3, 3)], 1)
    add("chunk", t(4), 0)
    add("column_stack", [t(3, dtype=f64), t(3, 2, dtype=f64)])
    add("constant_pad_nd", t(2, 3, dtype=f64), (1, 2), 0.5)
    add("constant_pad_nd", t(2, 3, dtype=f64), (-1, 2, 1, 0))
    add("constant_pad_nd", t(2, 3), (-2, -2))
    for offset in (0, 1, -1, 5):
        add("diag", t(3, dtype=f64), offset)
        add("diag", t(2, 3, dtype=f64), offset)
        add("diagflat", t(2, 2, dtype=f64), offset)
        add("diag_embed", t(2, 3, dtype=f64), offset)
        add("diagonal", t(3, 4, dtype=f64), offset)
    add("diag", t(2, 2, 2))
    add("diag_embed", t(2, 3, dtype=f64), 1, 0, 2)
    add("diag_embed", t(2, 3), 0, 1, 1)
    add("diagonal", t(2, 3, 4, dtype=f64), 1, -1, 0)
    add("diagonal", t(2, 3), 0, 1, 1)
    add("diagonal_scatter", t(3, 4, dtype=f64), t(3, dtype=f64), 1)
    add("diagonal_scatter", t(3, 4), t(4), 1)
    for name, x in (("hsplit", t(4, 6, dtype=f64)), ("dsplit", t(2, 2, 4, dtype=f64)), ("hsplit", t(4, dtype=f64))):
        add(name, x.clone(), 2)
        add(name, x.clone(), (1, 3))
        add(name, x.clone(), 3)
        add(name, x.clone(), 0)
    add("dsplit", t(2, 2), 2)
    for name in ("dstack", "hstack"):
        add(name, [t(3, dtype=f64), t(3, dtype=f64)])
        add(name, [t(2, 3, dtype=f64), t(2, 3, dtype=f64)])
        add(name, [t(3), t(2, 2, 2, 2)])
    add("expand_as", t(3, 1, dtype=f64), t(2, 3, 4), grad=False)
    for dims in ((0,), (1, -1), (0, 1, 2), (), (0, 0), (3,)):
        add("flip", t(2, 3, 2, dtype=f64), dims)
    add("fliplr", t(2, 3, dtype=f64))
    add("flipud", t(2, 3, dtype=f64))
    add("fliplr", t(2))
    for args in ((), (1,), (0, 1), (-2, -1), (2, 1)):
        add("flatten", t(2, 3, 2, dtype=f64), *args)
    add("flatten", t(dtype=f64))
    add("flatten", t(2, 3, 2, dtype=f64), start_dim=1, end_dim=-1)


def picking():
    x = (torch.randperm(12, generator=torch.Generator().manual_seed(0)) * 0.5 - 3).to(f64).reshape(3, 4)
    for kwargs in ({}, {"descending": True}, {"dim": 0}, {"dim": 0, "descending": True, "stable": True}):
        add("argsort", x.clone(), **kwargs)
    for args in ((1,), (2, 0), (3, -1, True), (5,), (0,)):
        add("kthvalue", x.clone(), *args)
        add("kthvalue", index(3, 1, 4, 2), *args)
    add("kthvalue", torch.tensor([1.0, float("nan"), 0.5]), 3)
    add("kthvalue", t(dtype=f64), 1, second=False)
    add("bincount", index(1, 3, 1, 0))
    add("bincount", index(1, 3, 1, 0), t(4), 6)
    add("bincount", index(1, 3, 1, 0), minlength=6)
    add("bincount", index(1, -1))
    add("bincount", t(3))
    for right in (False, True):
        add("bucketize", torch.tensor([[0.5, 1.0], [2.5, 9.0]]), torch.tensor([1.0, 2.0, 3.0]), right=right)
    add("bucketize", 1.5, torch.tensor([1.0, 2.0]), out_int32=True)
    add("bucketize", t(2), t(2, 2))
    for args in ((4,), (4, -1.0, 1.0), (3, 0.0, 0.0), (0,), (3, 2.0, 1.0)):
        add("histc", x.to(f32), *args, grad=False)
    add("histc", t(3, dtype=i64))
    place = torch.tensor([[0, 2, 1], [2, 2, 0]])
    add("gather", t(3, 3, dtype=f64), 0, place)
    add("gather", t(2, 3, dtype=f64), 1, place)
    add("gather", t(dtype=f64), 0, torch.tensor(0), second=False)
    add("gather", t(5, dtype=f64), 0, torch.zeros(2, 0, dtype=i64))
    add("gather", t(2, 2), 1, place)
    add("gather", t(2, 2), 0, index(0))
    rows = index(0, 2, 0)
    for dtype in (f64, i64, u8):
        add("index_select", t(3, 4, dtype=dtype), 0, rows)
        add("index_select", t(3, 4, dtype=dtype), -1, index(3, 1, dtype=i32))
        add("index_add", t(3, 4, dtype=dtype), 0, rows, t(3, 4, dtype=dtype), alpha=2)
        add("index_add", t(2, 3, dtype=dtype), -1, rows, t(2, 3, dtype=dtype))
        add("index_copy", t(3, 4, dtype=dtype), 1, index(3, 1), t(3, 2, dtype=dtype))
        add("index_fill", t(3, 4, dtype=dtype), 1, index(3, 1), 2)
        add("index_put", t(3, 4, dtype=dtype), (rows,), t(4, dtype=dtype), accumulate=True)
        add("index_put", t(3, 4, dtype=dtype), (index(0, 2), index(1, 3)), t(2, dtype=dtype))
        for reduce in ("mean", "prod", "amax", "amin"):
            for include in (True, False):
                if dtype == f64 or reduce != "mean":
                    add("index_reduce", t(3, 2, dtype=dtype), 0, rows, t(3, 2, dtype=dtype), reduce, include_self=include,
                        second=False)
    add("index_add", t(3, 2, dtype=b8), 0, rows, t(3, 2, dtype=b8))
    add("index_add", t(dtype=f64), 0, index(0), t(dtype=f64), alpha=-1)
    add("index_add", t(3, 2), 0, rows, t(2))
    add("index_add", t(3, 2), 0, rows, t(3, 2, dtype=f64))
    add("index_add", t(3, 2, dtype=i64), 0, rows, t(3, 2, dtype=i64), alpha=0.5)
    add("index_fill", t(3, 4, dtype=f64), 0, rows, torch.tensor(2.0, dtype=f64))
    add("index_select", t(3, 4), 0, index(3))
    for kwargs in ({"prepend": t(2, 1, dtype=f64)}, {"append": t(2, 2, dtype=f64)}, {"n": 0}):
        add("diff", t(2, 3, dtype=f64), **kwargs)
    add("diff", t(2, 3), -1)


if __name__ == "__main__":
    creation()
    products()
    arrangement()
    picking()
    # Here these are made of other operations, with their nodes.
    for case in cases:
        if case["op"] in ("einsum", "kron", "diag", "diff", "index_copy", "gather"):
            case.pop("gradFn", None)
    lines = ",\n".join(json.dumps(c) for c in cases)
    pathlib.Path(__file__).with_name("places.json").write_text(f"[\n{lines}\n]\n")
    print(len(cases), "samples")
