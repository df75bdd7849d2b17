/* Rows of the recursive principal component model; the page of _pca_kernels_py holds for these loops too. */
#ifndef OVOO_PCA_H
#define OVOO_PCA_H

#include "_lanes.h"

typedef struct {
    ptrdiff_t inputs, lanes; /* inputs, and the next multiple of eight: arrays are padded with zeros up to it */
    ptrdiff_t components, component_lanes, component_room, max_missing;
    ptrdiff_t first; /* first column where the inputs stand side by side, else -1 */
    const int *columns;
    double *centre, *inverse, *loadings, *variance, *sharpness, *running, *work;
    const double *home, *home_scale, *home_variance, *weight;
    unsigned char *absent;
    long long *marks; /* last scored row, updates since the loadings were made orthonormal, last row of any kind */
    double decay, bound, adapt, follow, reach;
    long long step_frames, period_ns, reset_ns;
} ovoo_pca;

typedef struct {
    double score, t2, spe;
} ovoo_pca_score;

/* work, on a cache line: y lanes | projection lanes | scaled projection lanes | z, centre, inverse lanes | loadings |
 * nothing, and z after each of eight rows, lanes each | projections of eight rows, by component */
OVOO_INLINE ptrdiff_t ovoo_pca_standardise(const ovoo_pca *m, const double *restrict row, double *restrict y)
{
    ptrdiff_t n = m->inputs, missing = 0;
    const double *restrict centre = m->centre, *restrict inverse = m->inverse;
    const double bound = m->bound;
    if (m->first >= 0) {
        row += m->first;
        for (ptrdiff_t k = 0; k < n; k++)
            y[k] = (row[k] - centre[k]) * inverse[k];
    } else {
        for (ptrdiff_t k = 0; k < n; k++)
            y[k] = (row[m->columns[k]] - centre[k]) * inverse[k];
    }
    for (ptrdiff_t k = 0; k < n; k++)
        missing += y[k] != y[k];
    for (ptrdiff_t k = 0; k < n; k++) {
        double x = y[k];
        x = x > bound ? bound : x;
        y[k] = x < -bound ? -bound : x;
    }
    return missing;
}

OVOO_INLINE void ovoo_pca_project(const ovoo_pca *m, const double *z, double *t)
{
    ovoo_dots(m->loadings, z, m->lanes, m->components, t);
}

/* Absent inputs take what the components say of the others, eight sweeps of projection and reconstruction. */
static void ovoo_pca_fill(const ovoo_pca *m, double *y, double *t)
{
    for (ptrdiff_t k = 0; k < m->inputs; k++) {
        m->absent[k] = y[k] != y[k];
        y[k] = m->absent[k] ? 0.0 : y[k];
    }
    for (int sweep = 0; sweep < 8; sweep++) {
        ovoo_pca_project(m, y, t);
        for (ptrdiff_t k = 0; k < m->inputs; k++) {
            if (!m->absent[k])
                continue;
            double acc[OVOO_LANES] = {0.0};
            for (ptrdiff_t c = 0; c < m->components; c++)
                acc[c & 7] += m->loadings[c * m->lanes + k] * t[c];
            y[k] = ovoo_clip(ovoo_fold(acc), m->bound);
        }
    }
}

static void ovoo_pca_orthonormalise(const ovoo_pca *m)
{
    for (ptrdiff_t c = 0; c < m->components; c++) {
        double *p = m->loadings + c * m->lanes;
        for (ptrdiff_t b = 0; b < c; b++) {
            const double *q = m->loadings + b * m->lanes;
            double along = ovoo_dot(p, q, m->lanes);
            for (ptrdiff_t k = 0; k < m->lanes; k++)
                p[k] -= along * q[k];
        }
        double length = 1.0 / sqrt(ovoo_dot(p, p, m->lanes));
        for (ptrdiff_t k = 0; k < m->lanes; k++)
            p[k] *= length;
    }
}

static void ovoo_pca_adapt(const ovoo_pca *m, const double *y, double weight)
{
    for (ptrdiff_t k = 0; k < m->inputs; k++) {
        if (m->absent[k])
            continue;
        double scale = 1.0 / m->inverse[k];
        double centre = m->centre[k] + weight * (y[k] * scale);
        double far = m->reach * m->home_scale[k];
        m->centre[k] = m->home[k] + ovoo_clip(centre - m->home[k], far);
        double square = y[k] * y[k];
        scale *= 1.0 + 0.5 * weight * ((square > 9.0 ? 9.0 : square) - 1.0);
        scale = scale > 2.0 * m->home_scale[k] ? 2.0 * m->home_scale[k] : scale;
        scale = scale < 0.5 * m->home_scale[k] ? 0.5 * m->home_scale[k] : scale;
        m->inverse[k] = 1.0 / scale;
    }
}

/* Sanger's rule with a step that no row makes longer than `follow`; the variances go along within a factor of two. */
static void ovoo_pca_turn(const ovoo_pca *m, const double *z, double energy, const double *t, double weight, double *rest)
{
    double step = weight / (1.0 + energy);
    for (ptrdiff_t k = 0; k < m->lanes; k++)
        rest[k] = z[k];
    for (ptrdiff_t c = 0; c < m->components; c++) {
        double *p = m->loadings + c * m->lanes;
        double gain = step * t[c];
        for (ptrdiff_t k = 0; k < m->lanes; k++)
            rest[k] -= t[c] * p[k];
        for (ptrdiff_t k = 0; k < m->lanes; k++)
            p[k] += gain * rest[k];
        double home = m->home_variance[c], seen = m->variance[c] + weight * (t[c] * t[c] - m->variance[c]);
        seen = seen > 2.0 * home ? 2.0 * home : seen;
        m->variance[c] = seen < 0.5 * home ? 0.5 * home : seen;
        m->sharpness[c] = 1.0 / m->variance[c];
    }
    if (++m->marks[1] >= 32) {
        m->marks[1] = 0;
        ovoo_pca_orthonormalise(m);
    }
}

/* T2 and SPE of the smoothed row z; weight[0] and weight[1] make them one score whose limit is 1. */
OVOO_INLINE ovoo_pca_score ovoo_pca_measure(const ovoo_pca *m, const double *z, double *t, double *u, double *energy)
{
    ovoo_pca_score found;
    ovoo_pca_project(m, z, t);
    for (ptrdiff_t c = 0; c < m->component_lanes; c++)
        u[c] = t[c] * m->sharpness[c];
    *energy = ovoo_dot(z, z, m->lanes);
    found.t2 = ovoo_dot(u, t, m->component_lanes);
    found.spe = *energy - ovoo_dot(t, t, m->component_lanes);
    found.spe = found.spe > 0.0 ? found.spe : 0.0;
    found.score = m->weight[0] * found.t2 + m->weight[1] * found.spe;
    return found;
}

/* Periods since the last scored row, at most `step_frames`. */
OVOO_INLINE long long ovoo_pca_frames(const ovoo_pca *m, long long gap)
{
    long long frames = 1;
    if (gap != m->period_ns)
        frames = gap > 0 ? gap / m->period_ns : m->step_frames;
    return frames > m->step_frames ? m->step_frames : frames;
}

/* One row that the gate lets through; score NaN where too many inputs are missing. */
OVOO_INLINE ovoo_pca_score ovoo_pca_row(const ovoo_pca *m, long long time_ns, const double *row, int learns)
{
    double *z = m->running, *y = m->work, *t = y + m->lanes, *u = t + m->component_lanes;
    ovoo_pca_score found = {NAN, NAN, NAN};
    ptrdiff_t missing = ovoo_pca_standardise(m, row, y);
    if (missing > m->max_missing)
        return found;
    if (missing)
        ovoo_pca_fill(m, y, t);
    long long gap = time_ns - m->marks[0], frames = ovoo_pca_frames(m, gap);
    if (m->marks[0] == -1 || gap > m->reset_ns || gap < 0)
        for (ptrdiff_t k = 0; k < m->lanes; k++)
            z[k] = 0.0;
    double w = 1.0 - ovoo_power(m->decay, frames), energy;
    for (ptrdiff_t k = 0; k < m->lanes; k++)
        z[k] = z[k] + w * (y[k] - z[k]);
    m->marks[0] = time_ns;
    found = ovoo_pca_measure(m, z, t, u, &energy);
    if (learns && found.score < 0.5) {
        if (!missing && (m->adapt > 0.0 || m->follow > 0.0))
            memset(m->absent, 0, (size_t)m->inputs);
        if (m->adapt > 0.0)
            ovoo_pca_adapt(m, y, m->adapt * (double)frames);
        if (m->follow > 0.0)
            ovoo_pca_turn(m, z, energy, t, m->follow * (double)frames, y);
    }
    return found;
}

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

/* One row at its time. */
OVOO_CLONES double ovoo_pca_single(const ovoo_pca *m, const ovoo_gate *gate, long long time_ns, const double *row,
                                   int learns)
{
    m->marks[2] = time_ns;
    if (ovoo_gate_row(gate, time_ns, row) != OVOO_NORMAL)
        return NAN;
    return ovoo_pca_row(m, time_ns, row, learns).score;
}

#endif
