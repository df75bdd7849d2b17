/* Residuals of signals without their own memory, and change points of them; the page of _memory_kernels_py holds for
 * these loops too. */
#ifndef OVOO_MEMORY_H
#define OVOO_MEMORY_H

#include "_products.h"

typedef struct {
    ptrdiff_t inputs, first; /* first: column of the first input where they stand side by side, else -1 */
    const int *columns;
    const double *centre, *inverse, *low, *high, *keep, *keep_inverse;
    double bound;
    long long period_ns, reset_ns;
    double *prior;
    long long *prior_ns;
} ovoo_memory;

typedef struct {
    ptrdiff_t inputs, max_missing;
    const double *precision;
    double fast_decay, slow_decay;
    long long step_frames, period_ns, reset_ns, mute_ns;
    double *fast, *slow, *work; /* work: three cells an input: row, change, products */
    long long *at_ns;           /* last row used, mute since, periods since both means started anew */
    unsigned char *absent;
} ovoo_change;

/* Periods since a signal's last value; 0: there is none that counts. */
OVOO_INLINE long long ovoo_memory_frames(const ovoo_memory *m, long long time_ns, long long prior_ns)
{
    long long gap = time_ns - prior_ns;
    if (prior_ns == -1 || gap <= 0 || gap > m->reset_ns)
        return 0;
    if (gap == m->period_ns)
        return 1;
    gap = (gap + m->period_ns / 2) / m->period_ns;
    return gap < 1 ? 1 : gap;
}

OVOO_INLINE double ovoo_memory_residual(double y, double prior, double keep, double inverse, long long frames)
{
    if (frames == 1)
        return (y - keep * prior) * inverse;
    if (frames == 0)
        return y * inverse * sqrt(1.0 - keep * keep);
    double p = ovoo_power(keep, frames);
    return (y - p * prior) * inverse * sqrt((1.0 - keep * keep) / (1.0 - p * p));
}

/* Every signal is there and came a period ago: the usual row, all signals side by side. */
OVOO_INLINE void ovoo_memory_usual(const ovoo_memory *m, long long time_ns, double *restrict r)
{
    const ptrdiff_t d = m->inputs;
    const double bound = m->bound, *restrict centre = m->centre, *restrict inverse = m->inverse;
    const double *restrict keep = m->keep, *restrict keep_inverse = m->keep_inverse;
    double *restrict prior = m->prior;
    long long *restrict prior_ns = m->prior_ns;
    for (ptrdiff_t k = 0; k < d; k++) {
        double y = (r[k] - centre[k]) * inverse[k];
        y = y > bound ? bound : y;
        y = y < -bound ? -bound : y;
        double left = (y - keep[k] * prior[k]) * keep_inverse[k];
        left = left > bound ? bound : left;
        r[k] = left < -bound ? -bound : left;
        prior[k] = y;
    }
    for (ptrdiff_t k = 0; k < d; k++)
        prior_ns[k] = time_ns;
}

static void ovoo_memory_unusual(const ovoo_memory *m, long long time_ns, double *r)
{
    for (ptrdiff_t k = 0; k < m->inputs; k++) {
        if (r[k] != r[k]) {
            r[k] = NAN;
            continue;
        }
        double y = ovoo_clip((r[k] - m->centre[k]) * m->inverse[k], m->bound);
        long long frames = ovoo_memory_frames(m, time_ns, m->prior_ns[k]);
        r[k] = ovoo_clip(ovoo_memory_residual(y, m->prior[k], m->keep[k], m->keep_inverse[k], frames), m->bound);
        m->prior[k] = y;
        m->prior_ns[k] = time_ns;
    }
}

OVOO_INLINE void ovoo_memory_none(const ovoo_memory *m, double *r)
{
    for (ptrdiff_t k = 0; k < m->inputs; k++)
        r[k] = NAN;
}

/* Residuals of one row whose gate gave `code`; its code after that: an input outside its range is not known. */
OVOO_INLINE unsigned char ovoo_memory_row(const ovoo_memory *m, long long time_ns, const double *row,
                                          unsigned char code, double *restrict r)
{
    const ptrdiff_t d = m->inputs;
    const double *restrict low = m->low, *restrict high = m->high;
    const long long *restrict prior_ns = m->prior_ns;
    long long outside = 0, missing = 0, apart = 0;
    if (m->first >= 0)
        memcpy(r, row + m->first, (size_t)d * sizeof(double));
    else
        for (ptrdiff_t k = 0; k < d; k++)
            r[k] = row[m->columns[k]];
    for (ptrdiff_t k = 0; k < d; k++)
        outside += (r[k] < low[k]) | (r[k] > high[k]);
    if (code != OVOO_NORMAL || outside) {
        ovoo_memory_none(m, r);
        return code == OVOO_NORMAL ? OVOO_UNKNOWN : code;
    }
    for (ptrdiff_t k = 0; k < d; k++)
        missing += r[k] != r[k];
    for (ptrdiff_t k = 1; k < d; k++)
        apart |= prior_ns[k] ^ prior_ns[0];
    if (missing || apart || ovoo_memory_frames(m, time_ns, prior_ns[0]) != 1)
        ovoo_memory_unusual(m, time_ns, r);
    else
        ovoo_memory_usual(m, time_ns, r);
    return code;
}

OVOO_CLONES void ovoo_memory_rows(const ovoo_memory *m, const long long *time_ns, const double *values,
                                  ptrdiff_t width, ptrdiff_t n, const unsigned char *gate, double *residual,
                                  unsigned char *use)
{
    for (ptrdiff_t i = 0; i < n; i++)
        use[i] = ovoo_memory_row(m, time_ns[i], values + i * width, gate[i], residual + i * m->inputs);
}

/* Brings a row into `work`, absent inputs as their mean given the others; 0 where too many are absent. */
OVOO_INLINE int ovoo_change_take(const ovoo_change *c, const double *restrict r)
{
    const ptrdiff_t d = c->inputs;
    double *restrict work = c->work;
    long long missing = 0;
    for (ptrdiff_t k = 0; k < d; k++) {
        missing += r[k] != r[k];
        work[k] = r[k] != r[k] ? 0.0 : r[k];
    }
    if (missing == 0) {
        for (ptrdiff_t k = 0; k < d; k++)
            c->absent[k] = 0;
        return 1;
    }
    for (ptrdiff_t k = 0; k < d; k++)
        c->absent[k] = r[k] != r[k];
    if (missing > c->max_missing)
        return 0;
    ovoo_fill_absent(c->precision, d, work, c->absent);
    return 1;
}

/* Moves both means by the row in `work` and leaves their difference behind it. */
OVOO_INLINE void ovoo_change_step(const ovoo_change *c, long long time_ns)
{
    const ptrdiff_t d = c->inputs;
    double *restrict fast = c->fast, *restrict slow = c->slow, *restrict work = c->work;
    long long *at_ns = c->at_ns, gap = time_ns - at_ns[0], frames = 1;
    if (gap != c->period_ns)
        frames = gap > 0 ? gap / c->period_ns : c->step_frames;
    if (at_ns[0] == -1 || gap > c->reset_ns || gap < 0) {
        for (ptrdiff_t k = 0; k < d; k++)
            fast[k] = slow[k] = 0.0;
        at_ns[1] = at_ns[2] = -1;
    }
    frames = frames > c->step_frames ? c->step_frames : frames;
    at_ns[0] = time_ns;
    double quick = 1.0 - ovoo_power(c->fast_decay, frames), late = 1.0 - ovoo_power(c->slow_decay, frames);
    if (at_ns[2] != -1 && frames > 0) {
        at_ns[2] += frames;
        double share = (double)frames / (double)at_ns[2];
        quick = share > quick ? share : quick;
        if (share > late)
            late = share;
        else
            at_ns[2] = -1;
    }
    for (ptrdiff_t k = 0; k < d; k++) {
        fast[k] = fast[k] + quick * (work[k] - fast[k]);
        slow[k] = slow[k] + late * (work[k] - slow[k]);
        work[d + k] = fast[k] - slow[k];
    }
}

/* T2 of one row of residuals with the code `use`; NaN and a code that says why where it is not scored. */
OVOO_INLINE double ovoo_change_row(const ovoo_change *c, long long time_ns, const double *r, unsigned char use,
                                   double limit, unsigned char *state)
{
    const ptrdiff_t d = c->inputs;
    long long *at_ns = c->at_ns;
    *state = use;
    if (use != OVOO_NORMAL)
        return NAN;
    if (!ovoo_change_take(c, r)) {
        *state = OVOO_UNKNOWN;
        return NAN;
    }
    ovoo_change_step(c, time_ns);
    ovoo_matrix_row(c->precision, c->work + d, d, c->work + 2 * d);
    double t2 = ovoo_dot_any(c->work + 2 * d, c->work + d, d);
    if (at_ns[1] != -1 && time_ns - at_ns[1] < c->mute_ns) {
        *state = OVOO_SETTLING;
        return NAN;
    }
    at_ns[1] = -1;
    if (t2 >= limit) {
        at_ns[1] = time_ns;
        at_ns[2] = 0;
    }
    return t2;
}

OVOO_CLONES void ovoo_change_loop(const ovoo_change *c, const long long *time_ns, const double *residual, ptrdiff_t n,
                                  const unsigned char *use, double limit, double *score, double *limits,
                                  double *measure, unsigned char *state, double *trace)
{
    const ptrdiff_t d = c->inputs;
    for (ptrdiff_t i = 0; i < n; i++) {
        score[i] = ovoo_change_row(c, time_ns[i], residual + i * d, use[i], limit, &state[i]);
        measure[i] = score[i] / limit;
        limits[i] = limit;
        double *restrict line = trace + i * d;
        const double *restrict fast = c->fast, *restrict slow = c->slow;
        for (ptrdiff_t k = 0; k < d; k++)
            line[k] = fast[k] - slow[k];
    }
}

/* The rows with the matrix on cache lines where there are enough of them: wide loads that straddle two cost twice. */
static void ovoo_change_rows(const ovoo_change *c, const long long *time_ns, const double *residual, ptrdiff_t n,
                             const unsigned char *use, double limit, double *score, double *limits, double *measure,
                             unsigned char *state, double *trace)
{
    ovoo_change own = *c;
    const size_t cells = (size_t)c->inputs * (size_t)c->inputs;
    double *precision = n >= 32 ? ovoo_doubles(cells) : NULL;
    if (precision != NULL) {
        memcpy(precision, c->precision, cells * sizeof(double));
        own.precision = precision;
    }
    ovoo_change_loop(&own, time_ns, residual, n, use, limit, score, limits, measure, state, trace);
    free(precision);
}

/* Residuals and T2 row by row: one row of residuals, `r`, stays in the nearest cache. */
OVOO_CLONES void ovoo_change_both(const ovoo_memory *m, const ovoo_change *c, const long long *time_ns,
                                  const double *values, ptrdiff_t width, ptrdiff_t n, const unsigned char *gate,
                                  double limit, double *r, double *score, double *limits, double *measure,
                                  unsigned char *state, double *trace)
{
    const ptrdiff_t d = c->inputs;
    for (ptrdiff_t i = 0; i < n; i++) {
        unsigned char code = ovoo_memory_row(m, time_ns[i], values + i * width, gate[i], r);
        score[i] = ovoo_change_row(c, time_ns[i], r, code, limit, &state[i]);
        measure[i] = score[i] / limit;
        limits[i] = limit;
        double *restrict line = trace + i * d;
        const double *restrict fast = c->fast, *restrict slow = c->slow;
        for (ptrdiff_t k = 0; k < d; k++)
            line[k] = fast[k] - slow[k];
    }
}

/* One row at its time: residuals into `r`, then T2. */
OVOO_CLONES double ovoo_change_single(const ovoo_memory *m, const ovoo_change *c, const ovoo_gate *gate,
                                      long long time_ns, const double *row, double limit, double *r)
{
    unsigned char state, code = (unsigned char)ovoo_gate_row(gate, time_ns, row);
    code = ovoo_memory_row(m, time_ns, row, code, r);
    return ovoo_change_row(c, time_ns, r, code, limit, &state);
}

#endif
