/* Products of square matrices and rows of any length, with the sums of dot8 in _lanes.pxd: lane k % 8 takes cell k, and
 * the cells past the last multiple of eight go to the first lanes. What is masked adds +0 to a lane, which changes no bit
 * because a lane that starts from +0 is never -0. */
#ifndef OVOO_PRODUCTS_H
#define OVOO_PRODUCTS_H

#include "_lanes.h"

/* The last `rest` < 8 cells of a row into `cells`, zeros behind them; reads nothing past them. */
OVOO_INLINE void ovoo_tail(const double *a, ptrdiff_t rest, double *cells)
{
    for (ptrdiff_t k = 0; k < OVOO_LANES; k++)
        cells[k] = k < rest ? a[k] : 0.0;
}

OVOO_INLINE double ovoo_dot_any(const double *a, const double *b, ptrdiff_t n)
{
    const ptrdiff_t rest = n % OVOO_LANES, whole = n - rest;
    double a_end[OVOO_LANES], b_end[OVOO_LANES], sum;
    ovoo_lanes acc = {0.0};
    for (ptrdiff_t k = 0; k < whole; k += OVOO_LANES)
        acc += OVOO_AT(a + k) * OVOO_AT(b + k);
    if (rest) {
        ovoo_tail(a + whole, rest, a_end);
        ovoo_tail(b + whole, rest, b_end);
        acc += OVOO_AT(a_end) * OVOO_AT(b_end);
    }
    OVOO_FOLD(acc, sum);
    return sum;
}

/* out[k] = row k of the d x d matrix a, times z. */
OVOO_INLINE void ovoo_matrix_row(const double *a, const double *z, ptrdiff_t d, double *out)
{
    const ptrdiff_t rest = d % OVOO_LANES, whole = d - rest;
    if (rest == 0) {
        ovoo_dots(a, z, d, d, out);
        return;
    }
    double a_end[OVOO_LANES], z_end[OVOO_LANES];
    ovoo_tail(z + whole, rest, z_end);
    for (ptrdiff_t k = 0; k < d; k++, a += d) {
        ovoo_lanes acc = {0.0};
        for (ptrdiff_t j = 0; j < whole; j += OVOO_LANES)
            acc += OVOO_AT(a + j) * OVOO_AT(z + j);
        ovoo_tail(a + whole, rest, a_end);
        acc += OVOO_AT(a_end) * OVOO_AT(z_end);
        OVOO_FOLD(acc, out[k]);
    }
}

/* z' a z; work: d cells. */
OVOO_CLONES double ovoo_quadratic(const double *a, const double *z, double *work, ptrdiff_t d)
{
    ovoo_matrix_row(a, z, d, work);
    return ovoo_dot_any(work, z, d);
}

/* Absent inputs take their mean given those present: Gauss-Seidel on P_mm y_m = -P_mo y_o, eight sweeps. */
OVOO_CLONES void ovoo_fill_absent(const double *precision, ptrdiff_t d, double *y, const unsigned char *absent)
{
    for (int sweep = 0; sweep < 8; sweep++)
        for (ptrdiff_t k = 0; k < d; k++)
            if (absent[k])
                y[k] = y[k] - ovoo_dot_any(precision + k * d, y, d) / precision[k * d + k];
}

/* y_k += sum over j of matrix_jk x_j, four rows at a time: the inner loop runs over outputs and needs no folding. */
OVOO_CLONES void ovoo_add_products(const double *matrix, ptrdiff_t rows, ptrdiff_t d, const double *x, double *restrict y)
{
    const double *line = matrix;
    for (; rows >= 4; rows -= 4, x += 4, line += 4 * d) {
        const double x0 = x[0], x1 = x[1], x2 = x[2], x3 = x[3];
        for (ptrdiff_t k = 0; k < d; k++)
            y[k] = y[k] + ((line[k] * x0 + line[d + k] * x1) + (line[2 * d + k] * x2 + line[3 * d + k] * x3));
    }
    for (; rows > 0; rows--, x++, line += d)
        for (ptrdiff_t k = 0; k < d; k++)
            y[k] = y[k] + line[k] * x[0];
}

#endif
