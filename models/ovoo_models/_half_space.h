/* Rows of a half-space forest; the page of _half_space_kernels_py holds for these loops too. All sums are whole numbers. */
#ifndef OVOO_HALF_SPACE_H
#define OVOO_HALF_SPACE_H

#include "_lanes.h"

enum { OVOO_MOST_TREES = 256, OVOO_FOREST_ROWS = 32 };

/* Trees of `size` = 2^height leaves. The nodes of a level stand side by side, level l from 2^l on; node i of a level has
 * the children i and i + 2^l of the next, so that a level is rolled up in long runs and a leaf's bits are the turns taken,
 * the first turn lowest. */
typedef struct {
    ptrdiff_t trees, height, size, inputs, max_missing, first; /* first: as in ovoo_pca */
    const int *inputs_at;  /* columns of the inputs in the row */
    const double *cut;     /* trees x size, by node */
    const int *column;     /* trees x size, by node: column in the row */
    const double *level_cut;  /* oblivious: height x trees, else NULL */
    const int *level_column;
    int *count;            /* trees x size: rows of the window being filled, by leaf */
    int *reference;        /* trees x size: rows of the last full window, by leaf */
    int *mass;             /* trees x 2 size: rows of the last full window, by node */
    int *table;            /* trees x size: what a leaf adds to the sum */
    long long *marks;      /* rows in the window being filled, full windows, last single row */
    int *work;             /* 4 size cells */
    /* The same trees for rows side by side: a node's children are 2 node and 2 node + 1. */
    double *down_cut;      /* trees x size */
    int *down_place;       /* trees x size: first of the input's eight cells in a group of rows */
    int *leaf_of;          /* size: the leaf as it is counted, by the leaf where the way down ends */
    double *cells;         /* inputs x OVOO_FOREST_ROWS: eight rows a group, the cells of an input after each other */
    long long period_ns, window;
    int least; /* the least mass below which a row goes on */
    double greatest;
    const double *limit;
} ovoo_forest;

OVOO_INLINE void ovoo_forest_add(int *restrict to, const int *restrict a, const int *restrict b, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++)
        to[i] = a[i] + b[i];
}

/* One side of a level: what was collected above, and the own mass where no node above was below the limit. */
OVOO_INLINE void ovoo_forest_pass(const ovoo_forest *f, const int *restrict mass, const int *restrict above,
                                  const int *restrict open_above, int *restrict sum, int *restrict open, ptrdiff_t n,
                                  int weight)
{
    const int least = f->least;
    for (ptrdiff_t i = 0; i < n; i++) {
        sum[i] = above[i] + (open_above[i] & (mass[i] * weight));
        open[i] = open_above[i] & -(mass[i] >= least);
    }
}

/* The tables of the last full window: what a row in a leaf collects on its way down, mass x 2^depth, until a mass is
 * below `least`. */
OVOO_CLONES void ovoo_forest_roll_up(const ovoo_forest *f)
{
    ptrdiff_t size = f->size;
    for (ptrdiff_t t = 0; t < f->trees; t++) {
        int *mass = f->mass + 2 * t * size, *sum = f->work, *open = f->work + 2 * size;
        memcpy(mass + size, f->reference + t * size, (size_t)size * sizeof(int));
        for (ptrdiff_t width = size / 2; width > 0; width /= 2)
            ovoo_forest_add(mass + width, mass + 2 * width, mass + 3 * width, width);
        sum[1] = mass[1];
        open[1] = -(mass[1] >= f->least);
        for (ptrdiff_t width = 1; width < size; width *= 2) {
            int weight = (int)(2 * width);
            ovoo_forest_pass(f, mass + weight, sum + width, open + width, sum + weight, open + weight, width, weight);
            ovoo_forest_pass(f, mass + weight + width, sum + width, open + width, sum + weight + width,
                             open + weight + width, width, weight);
        }
        memcpy(f->table + t * size, sum + size, (size_t)size * sizeof(int));
    }
}

static void ovoo_forest_turn(const ovoo_forest *f)
{
    size_t bytes = (size_t)(f->trees * f->size) * sizeof(int);
    memcpy(f->reference, f->count, bytes);
    memset(f->count, 0, bytes);
    f->marks[0] = 0;
    f->marks[1]++;
    ovoo_forest_roll_up(f);
}

/* The leaf of a row with absent inputs: there the side where more rows of the last full window were, left if equal. */
static int ovoo_forest_walk(const ovoo_forest *f, ptrdiff_t t, const double *row)
{
    ptrdiff_t at = 0;
    const int *mass = f->mass + 2 * t * f->size;
    for (ptrdiff_t width = 1; width < f->size; width *= 2) {
        double x = row[f->column[t * f->size + width + at]];
        const int *below = mass + 2 * width + at;
        at += width * (x != x ? below[0] < below[width] : x >= f->cut[t * f->size + width + at]);
    }
    return (int)at;
}

OVOO_INLINE ptrdiff_t ovoo_forest_missing(const ovoo_forest *f, const double *row)
{
    ptrdiff_t missing = 0;
    if (f->first >= 0)
        for (ptrdiff_t k = f->first; k < f->first + f->inputs; k++)
            missing += row[k] != row[k];
    else
        for (ptrdiff_t k = 0; k < f->inputs; k++)
            missing += row[f->inputs_at[k]] != row[f->inputs_at[k]];
    return missing;
}

/* Leaves of a row with all inputs present: trees side by side, a level at a time, so that no load waits for another.
 * Not cloned: gathers of wider registers took twice as long. */
OVOO_INLINE void ovoo_forest_leaves(const ovoo_forest *f, const double *restrict row, int *restrict leaf)
{
    const int trees = (int)f->trees, size = (int)f->size, height = (int)f->height;
    const double *restrict cut = f->cut;
    const int *restrict column = f->column;
    for (int t = 0; t < trees; t++)
        leaf[t] = 0;
    for (int level = 0; level < height; level++) {
        int first = 1 << level;
        for (int t = 0; t < trees; t++) {
            int node = t * size + first + leaf[t];
            leaf[t] += (row[column[node]] >= cut[node]) << level;
        }
    }
}

OVOO_INLINE void ovoo_forest_level_leaves(const ovoo_forest *f, const double *restrict row, int *restrict leaf)
{
    const int trees = (int)f->trees, height = (int)f->height;
    const double *restrict cut = f->level_cut;
    const int *restrict column = f->level_column;
    for (int t = 0; t < trees; t++)
        leaf[t] = 0;
    for (int level = 0; level < height; level++, cut += trees, column += trees)
        for (int t = 0; t < trees; t++)
            leaf[t] += (row[column[t]] >= cut[t]) << level;
}

static void ovoo_forest_find(const ovoo_forest *f, const double *row, ptrdiff_t missing, int *leaf)
{
    if (missing)
        for (ptrdiff_t t = 0; t < f->trees; t++)
            leaf[t] = ovoo_forest_walk(f, t, row);
    else if (f->level_cut != NULL)
        ovoo_forest_level_leaves(f, row, leaf);
    else
        ovoo_forest_leaves(f, row, leaf);
}

OVOO_INLINE double ovoo_forest_score(const ovoo_forest *f, const int *leaf)
{
    const int *restrict table = f->table;
    int sum = 0;
    for (int t = 0; t < (int)f->trees; t++)
        sum += table[t * (int)f->size + leaf[t]];
    return f->marks[1] > 0 ? 1.0 - (double)sum / f->greatest : NAN;
}

/* The score whatever is missing; nothing changes. */
static double ovoo_forest_peek(const ovoo_forest *f, const double *row)
{
    int leaf[OVOO_MOST_TREES];
    ovoo_forest_find(f, row, ovoo_forest_missing(f, row), leaf);
    return ovoo_forest_score(f, leaf);
}

/* Score of a row, NaN before the first full window or where too many inputs are missing; learned below the limit. */
static double ovoo_forest_row(const ovoo_forest *f, const double *row, int learns)
{
    int leaf[OVOO_MOST_TREES];
    ptrdiff_t missing = ovoo_forest_missing(f, row);
    if (missing > f->max_missing)
        return NAN;
    ovoo_forest_find(f, row, missing, leaf);
    double score = ovoo_forest_score(f, leaf);
    if (learns && !(score >= *f->limit)) {
        int *restrict count = f->count;
        for (int t = 0; t < (int)f->trees; t++)
            count[t * (int)f->size + leaf[t]]++;
        if (++f->marks[0] >= f->window)
            ovoo_forest_turn(f);
    }
    return score;
}

/* One row at its time. */
static double ovoo_forest_single(const ovoo_forest *f, const ovoo_gate *gate, long long time_ns, const double *row,
                                 int learns)
{
    f->marks[2] = time_ns;
    return ovoo_gate_row(gate, time_ns, row) == OVOO_NORMAL ? ovoo_forest_row(f, row, learns) : NAN;
}

#endif
