/* Twin baselines of one or many machines over a block of rows: power state, frozen and adaptive model, CUSUM pair, means.
 * Nothing is allocated; a model's state is 56 doubles and 4 times, 480 bytes. */
#ifndef OVOO_DRIFT_H
#define OVOO_DRIFT_H

#include "_rls.h"

enum { OVOO_M = 8, OVOO_DRIVERS = 7, OVOO_PLAN = 48, OVOO_STATE = 56, OVOO_CLOCK = 4, OVOO_OUT = 8 };
/* cells of a plan: what was learned or given, never written here */
enum { P_FROZEN = 0, P_CENTRE = 8, P_INVERSE = 15, P_LOW = 22, P_HIGH = 29, P_SIGMA = 36, P_RISE = 37, P_FALL = 40,
       P_LIVE = 43 };
/* cells of a state; 0 to 35: upper triangle of the covariance by rows */
enum { S_WEIGHTS = 36, S_UP = 44, S_DOWN = 45, S_MEAN = 46, S_VARIANCE = 47, S_GAP = 48, S_ROWS = 49, S_GAP_KWH = 50,
       S_HOURS = 51, S_RUN_KWH = 52, S_RUN_HOURS = 53 };
enum { OVOO_SCORED = 1, OVOO_UP = 16, OVOO_DOWN = 32, OVOO_NO_STATE = 255, OVOO_AT_LOAD = 3 };

#define OVOO_REACH 32.0 /* bounds that one row may stand off in means and sums: no reading is that wrong and true */

typedef struct {
    ovoo_rls rls;
    double bound, slack, limit, weight, gap_weight;
    long long step_ns, reset_ns, dwell_ns;
    int degree;
} ovoo_drift;

/* Off 0, idle 1, no load 2, load 3: how many of three thresholds the power has crossed. A threshold is crossed upwards
 * at `rise`, downwards under `fall`; the new state counts once it has lasted `dwell_ns`, or at once after a gap.
 * running: 0 says off, 1 at least idle, -1 not known. clock = [last row, state, wanted state, wanted since]. */
OVOO_INLINE int ovoo_power_state(const double *rise, const double *fall, double power, int running, long long now,
                                 long long dwell_ns, long long gap_ns, long long *clock)
{
    if (power != power)
        return OVOO_NO_STATE;
    int was = (int)clock[1], wanted = 0;
    for (int k = 0; k < 3; k++)
        wanted += power >= (was > k ? fall[k] : rise[k]);
    if (running >= 0)
        wanted = running ? (wanted > 0 ? wanted : 1) : 0;
    int fresh = clock[0] == -1 || now < clock[0] || now - clock[0] > gap_ns;
    clock[0] = now;
    if (fresh || wanted == was) {
        clock[1] = clock[2] = wanted;
        clock[3] = now;
        return wanted;
    }
    if (wanted != clock[2]) {
        clock[2] = wanted;
        clock[3] = now;
    }
    if (now - clock[3] >= dwell_ns)
        clock[1] = wanted;
    return (int)clock[1];
}

/* [1, u, (degree 2) u_i u_j] padded with zeros to eight; 0 where a driver is out of range or absent. */
OVOO_INLINE int ovoo_drift_features(const double *plan, const double *row, const int *columns, int degree, double *phi)
{
    int d = 0, m;
    for (int k = 0; k < OVOO_M; k++)
        phi[k] = 0.0;
    phi[0] = 1.0;
    for (; d < OVOO_DRIVERS && columns[d + 1] >= 0; d++) {
        double x = row[columns[d + 1]];
        if (!(plan[P_LOW + d] <= x && x <= plan[P_HIGH + d]))
            return 0;
        phi[d + 1] = (x - plan[P_CENTRE + d]) * plan[P_INVERSE + d];
    }
    m = d + 1;
    if (degree == 2)
        for (int j = 0; j < d; j++)
            for (int k = j; k < d; k++)
                phi[m++] = phi[j + 1] * phi[k + 1];
    return 1;
}

OVOO_INLINE void ovoo_unpack(const double *packed, double *full)
{
    for (int j = 0; j < OVOO_M; j++)
        for (int k = j; k < OVOO_M; k++)
            full[j * OVOO_M + k] = full[k * OVOO_M + j] = *packed++;
}

OVOO_INLINE void ovoo_pack(const double *full, double *packed)
{
    for (int j = 0; j < OVOO_M; j++)
        for (int k = j; k < OVOO_M; k++)
            *packed++ = full[j * OVOO_M + k];
}

/* CUSUM pair, means and sums of one scored row; h is the row's share of a step, hours its time. */
OVOO_INLINE int ovoo_drift_sums(const ovoo_drift *rule, double *state, double sigma, double residual, double gap,
                                double h, double hours)
{
    residual = ovoo_clip(residual, OVOO_REACH * rule->bound * sigma);
    double v = ovoo_clip(residual / sigma, rule->bound), top = 2.0 * rule->limit, d, a = rule->weight * h;
    double up = state[S_UP] + h * (v - rule->slack), down = state[S_DOWN] + h * (-v - rule->slack);
    up = up > 0.0 ? (up < top ? up : top) : 0.0;
    down = down > 0.0 ? (down < top ? down : top) : 0.0;
    state[S_UP] = up;
    state[S_DOWN] = down;
    d = residual - state[S_MEAN];
    state[S_MEAN] += a * d;
    state[S_VARIANCE] = (1.0 - a) * (state[S_VARIANCE] + a * d * d);
    state[S_GAP] += rule->gap_weight * h * (gap - state[S_GAP]);
    state[S_ROWS] += 1.0;
    state[S_GAP_KWH] += gap * hours;
    state[S_HOURS] += hours;
    int runs = up > 0.0 || down > 0.0;
    state[S_RUN_KWH] = runs ? state[S_RUN_KWH] + residual * hours : 0.0;
    state[S_RUN_HOURS] = runs ? state[S_RUN_HOURS] + hours : 0.0;
    return (up >= rule->limit ? OVOO_UP : 0) | (down >= rule->limit ? OVOO_DOWN : 0);
}

OVOO_INLINE void ovoo_drift_put(const double *state, double expected, double adaptive, double *out)
{
    out[0] = expected;
    out[1] = adaptive;
    out[2] = state[S_UP];
    out[3] = state[S_DOWN];
    out[4] = state[S_MEAN];
    out[5] = state[S_GAP];
    out[6] = state[S_GAP_KWH];
    out[7] = state[S_RUN_KWH];
}

/* One row of one model; p is its covariance unpacked. Returns bits. */
OVOO_INLINE int ovoo_drift_row(const ovoo_drift *rule, const double *plan, double *state, double *p, long long *clock,
                               long long now, const double *row, const int *columns, int gate, double *out,
                               unsigned char *mode)
{
    double phi[OVOO_M], gain[OVOO_M], power = row[columns[0]];
    long long since = clock[0] == -1 ? 0 : now - clock[0];
    int running = gate == OVOO_OFF ? 0 : -1, bits = OVOO_SCORED;
    *mode = (unsigned char)ovoo_power_state(plan + P_RISE, plan + P_FALL, power, running, now, rule->dwell_ns,
                                            rule->reset_ns, clock);
    /* a row that already shows another state is no load, though the change does not count yet */
    if (gate != OVOO_NORMAL || *mode != OVOO_AT_LOAD || clock[2] != OVOO_AT_LOAD ||
        !ovoo_drift_features(plan, row, columns, rule->degree, phi)) {
        ovoo_drift_put(state, NAN, NAN, out);
        return 0;
    }
    if (since < 0 || since > rule->reset_ns)
        since = 0;
    double hours = (double)since / 3.6e12, sigma = plan[P_SIGMA];
    double h = (double)(since < rule->step_ns ? since : rule->step_ns) / (double)rule->step_ns;
    double expected = ovoo_dot(plan + P_FROZEN, phi, OVOO_M), adaptive = ovoo_dot(state + S_WEIGHTS, phi, OVOO_M);
    bits |= ovoo_drift_sums(rule, state, sigma, power - expected, adaptive - expected, h, hours);
    ovoo_drift_put(state, expected, adaptive, out);
    return bits | ovoo_rls_step(&rule->rls, p, state + S_WEIGHTS, phi, gain, OVOO_M, (ptrdiff_t)plan[P_LIVE], power,
                                adaptive, rule->bound * sigma);
}

OVOO_CLONES void ovoo_drift_rows(const ovoo_drift *rule, ptrdiff_t models, const double *plan, double *state,
                                 long long *clock, const int *columns, const long long *time_ns, const double *values,
                                 ptrdiff_t width, ptrdiff_t n, const unsigned char *gate, double *out,
                                 unsigned char *bits, unsigned char *mode)
{
    double p[OVOO_M * OVOO_M];
    for (ptrdiff_t each = 0; each < models; each++) {
        ovoo_unpack(state, p);
        for (ptrdiff_t i = 0; i < n; i++)
            bits[i] = (unsigned char)ovoo_drift_row(rule, plan, state, p, clock, time_ns[i], values + i * width,
                                                    columns, gate[i], out + i * OVOO_OUT, mode + i);
        ovoo_pack(p, state);
        plan += OVOO_PLAN, state += OVOO_STATE, clock += OVOO_CLOCK, columns += OVOO_M;
        gate += n, out += n * OVOO_OUT, bits += n, mode += n;
    }
}

#endif
