/* One step of recursive least squares with forgetting: the one implementation of every adaptive baseline.
 *
 * The covariance is a full m x m matrix. Each cell is (p - (g_j g_k) scale) / lambda, and products commute bit for bit,
 * so it stays symmetric without mirroring. Nothing is forgotten where the row says nothing new (phi' P phi under
 * `excite_min`: only the weights move, so that a machine at one load all week is still followed) or where the trace has
 * reached its bound. An innovation counts up to `bound` times what the model expects of it, sqrt(1 + phi' P phi). */
#ifndef OVOO_RLS_H
#define OVOO_RLS_H

#include "_lanes.h"

typedef struct {
    double forget, trace_max, excite_min, prior;
} ovoo_rls;

enum { OVOO_UPDATED = 2, OVOO_EXCITED = 4, OVOO_CLIPPED = 8, OVOO_BOUNDED = 64, OVOO_RESTARTED = 128 };

/* Eight lanes and one tree, as dot8 of _lanes.pxd. */
OVOO_INLINE double ovoo_dot_any(const double *a, const double *b, ptrdiff_t n)
{
    double acc[OVOO_LANES] = {0.0};
    if (n == OVOO_LANES)
        return ovoo_dot(a, b, OVOO_LANES);
    for (ptrdiff_t k = 0; k < n; k++)
        acc[k & 7] += a[k] * b[k];
    return ovoo_fold(acc);
}

OVOO_INLINE void ovoo_rls_gain(const double *p, const double *phi, double *gain, ptrdiff_t m)
{
    if (m == OVOO_LANES) {
        ovoo_lanes sum[4];
        for (int r = 0; r < 4; r++)
            sum[r] = OVOO_AT(p + r * m) * phi[r] + OVOO_AT(p + (r + 4) * m) * phi[r + 4];
        *(ovoo_loose *)gain = (sum[0] + sum[2]) + (sum[1] + sum[3]);
        return;
    }
    for (ptrdiff_t k = 0; k < m; k++) {
        double sum[4] = {0.0};
        for (ptrdiff_t j = 0; j < m; j++)
            sum[j & 3] = j < 4 ? p[j * m + k] * phi[j] : sum[j & 3] + p[j * m + k] * phi[j];
        gain[k] = (sum[0] + sum[2]) + (sum[1] + sum[3]);
    }
}

/* Sum of the diagonal in eight lanes. */
OVOO_INLINE double ovoo_rls_trace(const double *p, ptrdiff_t m)
{
    double acc[OVOO_LANES] = {0.0};
    for (ptrdiff_t j = 0; j < m; j++)
        acc[j & 7] = j < 8 ? p[j * m + j] : acc[j & 7] + p[j * m + j];
    return ovoo_fold(acc);
}

/* phi' P phi and its gain; a covariance that rounding has eaten starts again with `live` features, weights stay. */
OVOO_INLINE double ovoo_rls_excitation(const ovoo_rls *rule, double *p, const double *phi, double *gain, ptrdiff_t m,
                                       ptrdiff_t live, int *bits)
{
    ovoo_rls_gain(p, phi, gain, m);
    double s = ovoo_dot_any(phi, gain, m);
    if (s >= 0.0 && s <= 1e300)
        return s;
    *bits |= OVOO_RESTARTED;
    for (ptrdiff_t j = 0; j < m * m; j++)
        p[j] = 0.0;
    for (ptrdiff_t j = 0; j < live; j++)
        p[j * m + j] = rule->prior;
    ovoo_rls_gain(p, phi, gain, m);
    return ovoo_dot_any(phi, gain, m);
}

/* Move the weights towards y; `predicted` = w . phi. Returns what happened, as bits. */
OVOO_INLINE int ovoo_rls_step(const ovoo_rls *rule, double *restrict p, double *restrict w, const double *restrict phi,
                              double *restrict gain, ptrdiff_t m, ptrdiff_t live, double y, double predicted,
                              double bound)
{
    int bits = OVOO_UPDATED;
    double s = ovoo_rls_excitation(rule, p, phi, gain, m, live, &bits), trace = ovoo_rls_trace(p, m), lambda = rule->forget;
    if (s >= rule->excite_min)
        bits |= OVOO_EXCITED;
    if (!(bits & OVOO_EXCITED))
        lambda = 1.0;
    if (trace > rule->trace_max) {
        bits |= OVOO_BOUNDED;
        lambda = 1.0;
    }
    double error = y - predicted;
    if (error * error > bound * bound * (1.0 + s)) {
        error = ovoo_clip(error, bound * sqrt(1.0 + s));
        bits |= OVOO_CLIPPED;
    }
    double scale = 1.0 / (lambda + s), step = error * scale, inverse = 1.0 / lambda;
    for (ptrdiff_t k = 0; k < m; k++)
        w[k] += gain[k] * step;
    if (bits & (OVOO_EXCITED | OVOO_BOUNDED))
        for (ptrdiff_t j = 0; j < m; j++)
            for (ptrdiff_t k = 0; k < m; k++)
                p[j * m + k] = (p[j * m + k] - gain[j] * gain[k] * scale) * inverse;
    return bits;
}

#endif
