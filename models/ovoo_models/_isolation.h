/* Rows of an isolation forest; the page of _isolation_kernels_py holds for these loops too. */
#ifndef OVOO_ISOLATION_H
#define OVOO_ISOLATION_H

#include "_lanes.h"

enum { OVOO_MOST_ISOLATION_INPUTS = 512, OVOO_ISOLATION_TREES = 64 };

/* Eight bytes, so that a step loads once: a row goes to `left`, or to the node after it where its input is > cut.
 * A leaf's left is the leaf itself and its cut is infinite, so that all trees take the same number of steps. */
typedef struct {
    float cut;
    unsigned short input, left;
} ovoo_isolation_node;

typedef struct {
    ptrdiff_t trees, depth, inputs, max_missing, first; /* first: as in ovoo_pca */
    const int *columns;
    const ovoo_isolation_node *nodes;
    const ovoo_isolation_node *wide; /* the same nodes, `input` as the first of its cells in a block */
    const int *start;     /* trees: first node of each */
    const int *samples;   /* by node: rows of training there, which say where a row with absent inputs goes */
    const double *length; /* by node: what a leaf adds to the path length */
    double inverse;       /* 1 / (trees x mean path length) */
    const double *limit;
    long long *marks;     /* last single row */
    long long period_ns;
} ovoo_isolation;

/* 2^-y for y >= 0 by a polynomial: no library function, so the digits are the same everywhere. */
OVOO_INLINE double ovoo_half_power(double y)
{
    static const double c[14] = {
        1.0, 0.6931471805599453, 0.24022650695910072, 0.05550410866482158, 0.009618129107628477,
        0.0013333558146428443, 0.0001540353039338161, 1.525273380405984e-05, 1.3215486790144307e-06,
        1.0178086009239699e-07, 7.054911620801122e-09, 4.44553827187081e-10, 2.5678435993488202e-11,
        1.3691488853904128e-12};
    int whole = (int)((y < 1000.0 ? y : 1000.0) + 0.5);
    double x = (double)whole - y, result = c[13];
    for (int k = 12; k >= 0; k--)
        result = result * x + c[k];
    for (; whole > 0; whole--)
        result *= 0.5;
    return result;
}

OVOO_INLINE ptrdiff_t ovoo_isolation_take(const ovoo_isolation *f, const double *row, float *x)
{
    ptrdiff_t missing = 0;
    if (f->first >= 0)
        for (ptrdiff_t k = 0; k < f->inputs; k++)
            x[k] = (float)row[f->first + k];
    else
        for (ptrdiff_t k = 0; k < f->inputs; k++)
            x[k] = (float)row[f->columns[k]];
    for (ptrdiff_t k = 0; k < f->inputs; k++)
        missing += x[k] != x[k];
    return missing;
}

static double ovoo_isolation_walk(const ovoo_isolation *f, ptrdiff_t t, const float *x)
{
    const ovoo_isolation_node *nodes = f->nodes + f->start[t];
    const int *samples = f->samples + f->start[t];
    int at = 0;
    for (ptrdiff_t step = 0; step < f->depth; step++) {
        const ovoo_isolation_node *node = nodes + at;
        if (node->left == at)
            break;
        float cell = x[node->input];
        at = node->left + (cell != cell ? samples[node->left] < samples[node->left + 1] : cell > node->cut);
    }
    return f->length[f->start[t] + at];
}

/* Path length of a row, summed in eight lanes of trees; trees side by side, so that no load waits for another. */
OVOO_INLINE double ovoo_isolation_length(const ovoo_isolation *f, const float *restrict x, ptrdiff_t missing)
{
    double acc[OVOO_LANES] = {0.0};
    for (ptrdiff_t first = 0; first < f->trees; first += OVOO_ISOLATION_TREES) {
        int n = f->trees - first < OVOO_ISOLATION_TREES ? (int)(f->trees - first) : OVOO_ISOLATION_TREES;
        const int *start = f->start + first;
        if (missing) {
            for (int t = 0; t < n; t++)
                acc[t & 7] += ovoo_isolation_walk(f, first + t, x);
            continue;
        }
        int at[OVOO_ISOLATION_TREES] = {0};
        for (ptrdiff_t step = 0; step < f->depth; step++)
            for (int t = 0; t < n; t++) {
                ovoo_isolation_node node = f->nodes[start[t] + at[t]];
                at[t] = node.left + (x[node.input] > node.cut);
            }
        for (int t = 0; t < n; t++)
            acc[t & 7] += f->length[start[t] + at[t]];
    }
    return ovoo_fold(acc);
}

static double ovoo_isolation_row(const ovoo_isolation *f, const double *row, ptrdiff_t max_missing)
{
    float x[OVOO_MOST_ISOLATION_INPUTS];
    ptrdiff_t missing = ovoo_isolation_take(f, row, x);
    if (missing > max_missing)
        return NAN;
    return ovoo_half_power(ovoo_isolation_length(f, x, missing) * f->inverse);
}

/* Rows side by side, the cells of an input after each other: as many as stay near the processor. */
enum { OVOO_ISOLATION_CELLS = 16384, OVOO_ISOLATION_MANY = 7, OVOO_ISOLATION_FEW = 5, OVOO_ISOLATION_ROWS = 128 };

typedef struct {
    float x[OVOO_ISOLATION_CELLS]; /* input k of row r at (k << shift) + r */
    double sum[OVOO_LANES][OVOO_ISOLATION_ROWS];
    ptrdiff_t row[OVOO_ISOLATION_ROWS]; /* where each came from */
    int count;
} ovoo_isolation_block;

/* Rows of a block = 2^shift: fewer where a row is wide. */
OVOO_INLINE int ovoo_isolation_shift(ptrdiff_t inputs)
{
    return inputs << OVOO_ISOLATION_MANY <= OVOO_ISOLATION_CELLS ? OVOO_ISOLATION_MANY : OVOO_ISOLATION_FEW;
}

/* Path lengths of the block's rows: tree after tree, which then stays in the nearest cache, eight rows at once, so that
 * no load waits for another. Lane t % 8 gets tree after tree as in ovoo_isolation_length. */
static void ovoo_isolation_lengths(const ovoo_isolation *f, ovoo_isolation_block *b)
{
    const int groups = (b->count + 7) / 8, depth = (int)f->depth;
    memset(b->sum, 0, sizeof b->sum);
    for (ptrdiff_t t = 0; t < f->trees; t++) {
        const ovoo_isolation_node *nodes = f->wide + f->start[t];
        const double *length = f->length + f->start[t];
        double *sum = b->sum[t & 7];
        for (int g = 0; g < groups; g++) {
            const float *x = b->x + 8 * g;
            ptrdiff_t a0 = 0, a1 = 0, a2 = 0, a3 = 0, a4 = 0, a5 = 0, a6 = 0, a7 = 0;
#define OVOO_TURN(a, r) a = (ptrdiff_t)nodes[a].left + (x[(ptrdiff_t)nodes[a].input + (r)] > nodes[a].cut)
            for (int step = 0; step < depth; step++) {
                OVOO_TURN(a0, 0);
                OVOO_TURN(a1, 1);
                OVOO_TURN(a2, 2);
                OVOO_TURN(a3, 3);
                OVOO_TURN(a4, 4);
                OVOO_TURN(a5, 5);
                OVOO_TURN(a6, 6);
                OVOO_TURN(a7, 7);
            }
            double *to = sum + 8 * g;
            to[0] += length[a0];
            to[1] += length[a1];
            to[2] += length[a2];
            to[3] += length[a3];
            to[4] += length[a4];
            to[5] += length[a5];
            to[6] += length[a6];
            to[7] += length[a7];
        }
    }
}

/* Scores the rows of the block and empties it. */
static void ovoo_isolation_flush(const ovoo_isolation *f, ovoo_isolation_block *b, double *score)
{
    if (b->count == 0)
        return;
    ovoo_isolation_lengths(f, b);
    for (int r = 0; r < b->count; r++) {
        double acc[OVOO_LANES];
        for (int lane = 0; lane < OVOO_LANES; lane++)
            acc[lane] = b->sum[lane][r];
        score[b->row[r]] = ovoo_half_power(ovoo_fold(acc) * f->inverse);
    }
    b->count = 0;
}

/* `score` of the rows that the gate lets through; whole rows wait for others in a block. */
static void ovoo_isolation_scores(const ovoo_isolation *f, const double *values, ptrdiff_t width, ptrdiff_t n,
                                  const unsigned char *gate, double *score)
{
    const int shift = ovoo_isolation_shift(f->inputs);
    ovoo_isolation_block b;
    float x[OVOO_MOST_ISOLATION_INPUTS];
    memset(b.x, 0, (sizeof(float) * (size_t)f->inputs) << shift); /* a last group of fewer than eight reads all */
    b.count = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        if (gate[i] != OVOO_NORMAL) {
            score[i] = NAN;
            continue;
        }
        if (ovoo_isolation_take(f, values + i * width, x)) {
            score[i] = ovoo_isolation_row(f, values + i * width, f->max_missing);
            continue;
        }
        for (ptrdiff_t k = 0; k < f->inputs; k++)
            b.x[(k << shift) + b.count] = x[k];
        b.row[b.count++] = i;
        if (b.count == 1 << shift)
            ovoo_isolation_flush(f, &b, score);
    }
    ovoo_isolation_flush(f, &b, score);
}

static void ovoo_isolation_rows(const ovoo_isolation *f, const double *values, ptrdiff_t width, ptrdiff_t n,
                                const unsigned char *gate, double *score, double *limits, double *measure,
                                unsigned char *state)
{
    ovoo_isolation_scores(f, values, width, n, gate, score);
    for (ptrdiff_t i = 0; i < n; i++) {
        double found = score[i];
        limits[i] = *f->limit;
        measure[i] = found / *f->limit;
        state[i] = gate[i] == OVOO_NORMAL && found != found ? OVOO_UNKNOWN : gate[i];
    }
}

/* One row at its time. */
static double ovoo_isolation_single(const ovoo_isolation *f, const ovoo_gate *gate, long long time_ns,
                                    const double *row)
{
    f->marks[0] = time_ns;
    return ovoo_gate_row(gate, time_ns, row) == OVOO_NORMAL ? ovoo_isolation_row(f, row, f->max_missing) : NAN;
}

#endif
