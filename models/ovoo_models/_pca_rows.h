/* Blocks of rows of the principal component model; the page of _pca_kernels_py holds for these loops too. */
#ifndef OVOO_PCA_ROWS_H
#define OVOO_PCA_ROWS_H

#include "_pca.h"

/* The model with its columns on cache lines: wide loads that straddle two cost twice. `back` copies them home. */
OVOO_INLINE ovoo_pca ovoo_pca_aligned(const ovoo_pca *m)
{
    ovoo_pca own = *m;
    size_t row = (size_t)m->lanes * sizeof(double);
    own.running = m->work + m->lanes + 2 * m->component_room;
    own.centre = own.running + m->lanes;
    own.inverse = own.centre + m->lanes;
    own.loadings = own.inverse + m->lanes;
    memcpy(own.running, m->running, row);
    memcpy(own.centre, m->centre, row);
    memcpy(own.inverse, m->inverse, row);
    memcpy(own.loadings, m->loadings, row * (size_t)m->components);
    return own;
}

OVOO_INLINE void ovoo_pca_back(const ovoo_pca *m, const ovoo_pca *own)
{
    size_t row = (size_t)m->lanes * sizeof(double);
    memcpy(m->running, own->running, row);
    if (m->adapt > 0.0 || m->follow > 0.0) {
        memcpy(m->centre, own->centre, row);
        memcpy(m->inverse, own->inverse, row);
        memcpy(m->loadings, own->loadings, row * (size_t)m->components);
    }
}

/* z of a whole row from the z before it, in one pass, also into `line`; the number of absent inputs: z is void then. */
OVOO_INLINE long long ovoo_pca_pass(const ovoo_pca *m, const double *restrict row, double w,
                                    const double *restrict before, double *restrict z, double *restrict line)
{
    const double bound = m->bound, *restrict centre = m->centre, *restrict inverse = m->inverse;
    long long missing = 0;
    for (ptrdiff_t k = 0; k < m->inputs; k++) {
        double y = (row[k] - centre[k]) * inverse[k];
        missing += y != y;
        y = y > bound ? bound : y;
        y = y < -bound ? -bound : y;
        y = before[k] + w * (y - before[k]);
        z[k] = y;
        line[k] = y;
    }
    return missing;
}

/* The same for any row, by way of y; 0 where too many inputs are missing and z stays as it was. */
static int ovoo_pca_detour(const ovoo_pca *m, const double *row, double w, const double *before, double *z)
{
    double *y = m->work;
    ptrdiff_t missing = ovoo_pca_standardise(m, row, y);
    if (missing > m->max_missing)
        return 0;
    if (missing)
        ovoo_pca_fill(m, y, y + m->lanes);
    for (ptrdiff_t k = 0; k < m->inputs; k++)
        z[k] = before[k] + w * (y[k] - before[k]);
    return 1;
}

/* Brings z on by one row: from `last` into `z` and `line`; whether the row is scored. */
OVOO_INLINE int ovoo_pca_next(const ovoo_pca *m, long long time_ns, const double *row, int open, const double *nothing,
                              const double *last, double *z, double *line)
{
    const ptrdiff_t d = m->inputs;
    if (open) {
        long long gap = time_ns - m->marks[0];
        const double *before = m->marks[0] == -1 || gap > m->reset_ns || gap < 0 ? nothing : last;
        double w = 1.0 - ovoo_power(m->decay, ovoo_pca_frames(m, gap));
        open = m->first >= 0 && ovoo_pca_pass(m, row + m->first, w, before, z, line) == 0;
        if (open) {
            m->marks[0] = time_ns;
            return 1;
        }
        open = ovoo_pca_detour(m, row, w, before, z);
        if (open)
            m->marks[0] = time_ns;
    }
    if (!open)
        memcpy(z, last, (size_t)d * sizeof(double));
    memcpy(line, z, (size_t)d * sizeof(double));
    return open;
}

/* T2, SPE and score of eight rows z at once, with the sums of ovoo_pca_measure; t: projections by component. */
OVOO_INLINE void ovoo_pca_measure_eight(const ovoo_pca *m, const double *z, double *t, double *score, double *t2,
                                        double *spe)
{
    double energy[OVOO_LANES];
    ovoo_lanes sharp[OVOO_LANES], inside[OVOO_LANES];
    for (ptrdiff_t c = 0; c < m->components; c++)
        ovoo_dot_some(z, m->loadings + c * m->lanes, m->lanes, t + c * OVOO_LANES, OVOO_LANES);
    for (ptrdiff_t k = m->components * OVOO_LANES; k < m->component_lanes * OVOO_LANES; k++)
        t[k] = 0.0;
    ovoo_squares(z, m->lanes, energy);
    for (int lane = 0; lane < OVOO_LANES; lane++) {
        ovoo_lanes s = {0.0}, i = s;
        for (ptrdiff_t c = lane; c < m->component_lanes; c += OVOO_LANES) {
            ovoo_lanes along = OVOO_AT(t + c * OVOO_LANES);
            s += (along * m->sharpness[c]) * along;
            i += along * along;
        }
        sharp[lane] = s;
        inside[lane] = i;
    }
#define OVOO_SUM(v) (((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7])))
    *(ovoo_loose *)t2 = OVOO_SUM(sharp);
    *(ovoo_loose *)spe = OVOO_AT(energy) - OVOO_SUM(inside);
    for (int r = 0; r < OVOO_LANES; r++) {
        spe[r] = spe[r] > 0.0 ? spe[r] : 0.0;
        score[r] = m->weight[0] * t2[r] + m->weight[1] * spe[r];
    }
}

/* Up to eight rows of a model that does not adapt: their z one after another, the rest side by side. */
OVOO_INLINE void ovoo_pca_eight(const ovoo_pca *m, const long long *time_ns, const double *values, ptrdiff_t width,
                                int n, const unsigned char *gate, double *score, double *limits, double *measure,
                                unsigned char *state, double *trace)
{
    const ptrdiff_t d = m->inputs, lanes = m->lanes;
    double *nothing = m->loadings + m->component_room * lanes, *z = nothing + lanes;
    double found[OVOO_LANES], t2[OVOO_LANES], spe[OVOO_LANES];
    const double *last = m->running;
    int scored[OVOO_LANES];
    for (int r = 0; r < n; r++) {
        scored[r] = ovoo_pca_next(m, time_ns[r], values + r * width, gate[r] == OVOO_NORMAL, nothing, last,
                                  z + r * lanes, trace + r * (d + 2));
        last = z + r * lanes;
    }
    memcpy(m->running, last, (size_t)d * sizeof(double));
    ovoo_pca_measure_eight(m, z, z + OVOO_LANES * lanes, found, t2, spe);
    for (int r = 0; r < n; r++) {
        double *line = trace + r * (d + 2) + d;
        state[r] = gate[r] == OVOO_NORMAL && !scored[r] ? OVOO_UNKNOWN : gate[r];
        limits[r] = 1.0;
        score[r] = measure[r] = scored[r] ? found[r] : NAN;
        line[0] = scored[r] ? t2[r] : NAN;
        line[1] = scored[r] ? spe[r] : NAN;
    }
    m->marks[2] = time_ns[n - 1];
}

OVOO_CLONES void ovoo_pca_still_rows(const ovoo_pca *m, const long long *time_ns, const double *values, ptrdiff_t width,
                                     ptrdiff_t n, const unsigned char *gate, double *score, double *limits,
                                     double *measure, unsigned char *state, double *trace)
{
    const ovoo_pca own = ovoo_pca_aligned(m);
    for (ptrdiff_t i = 0; i < n; i += OVOO_LANES)
        ovoo_pca_eight(&own, time_ns + i, values + i * width, width, (int)(n - i < OVOO_LANES ? n - i : OVOO_LANES),
                       gate + i, score + i, limits + i, measure + i, state + i, trace + i * (m->inputs + 2));
    ovoo_pca_back(m, &own);
}

OVOO_CLONES void ovoo_pca_moving_rows(const ovoo_pca *m, const long long *time_ns, const double *values,
                                      ptrdiff_t width, ptrdiff_t n, const unsigned char *gate, double *score,
                                      double *limits, double *measure, unsigned char *state, double *trace)
{
    const ptrdiff_t d = m->inputs;
    const ovoo_pca own = ovoo_pca_aligned(m);
    for (ptrdiff_t i = 0; i < n; i++) {
        ovoo_pca_score found = {NAN, NAN, NAN};
        state[i] = gate[i];
        if (gate[i] == OVOO_NORMAL) {
            found = ovoo_pca_row(&own, time_ns[i], values + i * width, 1);
            if (found.score != found.score)
                state[i] = OVOO_UNKNOWN;
        }
        score[i] = found.score;
        measure[i] = found.score;
        limits[i] = 1.0;
        double *line = trace + i * (d + 2);
        for (ptrdiff_t k = 0; k < d; k++)
            line[k] = own.running[k];
        line[d] = found.t2;
        line[d + 1] = found.spe;
        m->marks[2] = time_ns[i];
    }
    ovoo_pca_back(m, &own);
}

static void ovoo_pca_rows(const ovoo_pca *m, const long long *time_ns, const double *values, ptrdiff_t width,
                          ptrdiff_t n, const unsigned char *gate, double *score, double *limits, double *measure,
                          unsigned char *state, double *trace)
{
    if (m->adapt > 0.0 || m->follow > 0.0)
        ovoo_pca_moving_rows(m, time_ns, values, width, n, gate, score, limits, measure, state, trace);
    else
        ovoo_pca_still_rows(m, time_ns, values, width, n, gate, score, limits, measure, state, trace);
}

#endif
