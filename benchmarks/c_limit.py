"""The plain C loop of the PCA benchmark, built with the flags of our kernels: what a row costs at least."""

from __future__ import annotations

import ctypes
import os
import pathlib
import shlex
import subprocess
import sysconfig
from array import array
from collections.abc import Callable

__all__ = ["plain_rows"]

FLAGS = ("-O3", "-ffp-contract=off", "-shared", "-fPIC")
_SOURCE = """
void rows(const double *x, int n, int d, int k, const double *mean, const double *inverse, const double *basis,
          const double *sharp, double *z, double w, double *t2, double *spe)
{
    for (int i = 0; i < n; i++) {
        const double *row = x + (long)i * d;
        double energy = 0.0, inside = 0.0, total = 0.0;
        for (int j = 0; j < d; j++)
            z[j] += w * ((row[j] - mean[j]) * inverse[j] - z[j]);
        for (int j = 0; j < d; j++)
            energy += z[j] * z[j];
        for (int c = 0; c < k; c++) {
            double t = 0.0;
            for (int j = 0; j < d; j++)
                t += basis[c * d + j] * z[j];
            total += t * t * sharp[c];
            inside += t * t;
        }
        t2[i] = total;
        spe[i] = energy - inside;
    }
}
"""


def plain_rows(
    folder: pathlib.Path, values: array[float], d: int, k: int, basis: array[float], extra: tuple[str, ...] = ()
) -> Callable[[], None]:
    """A call that runs the loop over `values`: smoothing, k projections of d inputs, T2 and SPE, nothing else.

    folder: where it is built. extra: more compiler flags, such as those of this processor alone.
    """
    source = folder / f"limit{len(extra)}.c"
    source.write_text(_SOURCE, encoding="ascii")
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    target = source.with_suffix(".so")
    subprocess.run([*compiler, *FLAGS, *extra, str(source), "-o", str(target)], check=True)
    function = ctypes.CDLL(str(target)).rows
    function.restype = None
    n = len(values) // d
    columns = [values, array("d", bytes(8 * d)), array("d", [1.0]) * d, basis, array("d", [1.0]) * k]
    out = [array("d", bytes(8 * d)), array("d", bytes(8 * n)), array("d", bytes(8 * n))]

    def at(column: array[float]) -> ctypes.c_void_p:
        return ctypes.c_void_p(column.buffer_info()[0])

    x, mean, inverse, loadings, sharp = map(at, columns)
    z, t2, spe = map(at, out)
    weight = ctypes.c_double(0.01)

    def run(_alive: object = (columns, out)) -> None:  # the arrays live as long as the call
        function(x, n, d, k, mean, inverse, loadings, sharp, z, weight, t2, spe)

    return run
