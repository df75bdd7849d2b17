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
