/* Blocks of rows of a half-space forest: rows side by side go down tree after tree. Leaves do not depend on what was
 * counted, so the rows between two turns of the window are looked at together, and counted in order. */
#ifndef OVOO_HALF_SPACE_ROWS_H
#define OVOO_HALF_SPACE_ROWS_H

#include "_half_space.h"

/* The trees as rows side by side go down them; `place_of` by column of the row. */
static void ovoo_forest_lay_down(const ovoo_forest *f, const int *place_of)
{
    for (int level = 0; level < (int)f->height; level++)
        for (int i = 0; i < 1 << level; i++) {
            int node = (1 << level) + i, down = 1;
            for (int turn = 0; turn < level; turn++)
                down = 2 * down + (i >> turn & 1);
            for (ptrdiff_t t = 0; t < f->trees; t++) {
                f->down_cut[t * f->size + down] = f->cut[t * f->size + node];
                f->down_place[t * f->size + down] = 8 * place_of[f->column[t * f->size + node]];
            }
        }
    for (int i = 0; i < (int)f->size; i++) {
        int down = 0;
        for (int turn = 0; turn < (int)f->height; turn++)
            down = 2 * down + (i >> turn & 1);
        f->leaf_of[down] = i;
    }
}

enum { OVOO_FOREST_TOP = 3 }; /* levels that the rows of a block go down together */

/* Rows with all inputs present that wait for each other; none but the last can make the window turn. */
typedef struct {
    unsigned short leaf[OVOO_MOST_TREES][OVOO_FOREST_ROWS];
    int sum[OVOO_FOREST_ROWS];
    ptrdiff_t row[OVOO_FOREST_ROWS]; /* where each came from */
    int count, room;
} ovoo_forest_block;

OVOO_INLINE void ovoo_forest_open(const ovoo_forest *f, ovoo_forest_block *b, int learns)
{
    long long left = f->window - f->marks[0];
    b->count = 0;
    b->room = !learns || left > OVOO_FOREST_ROWS ? OVOO_FOREST_ROWS : left < 1 ? 1 : (int)left;
}

/* Takes the row where no input is absent. */
OVOO_INLINE int ovoo_forest_take(const ovoo_forest *f, ovoo_forest_block *b, const double *row, ptrdiff_t i)
{
    double *to = f->cells + (b->count >> 3) * 8 * f->inputs + (b->count & 7);
    if (ovoo_forest_missing(f, row))
        return 0;
    if (f->first >= 0)
        for (ptrdiff_t k = 0; k < f->inputs; k++)
            to[8 * k] = row[f->first + k];
    else
        for (ptrdiff_t k = 0; k < f->inputs; k++)
            to[8 * k] = row[f->inputs_at[k]];
    b->row[b->count++] = i;
    return 1;
}

/* The nodes of all rows three levels down: so few nodes are up there that each asks all rows, which costs less than
 * each row looking for its node. */
OVOO_CLONES void ovoo_forest_block_tops(const ovoo_forest *f, ovoo_forest_block *b)
{
    const int groups = (b->count + 7) / 8;
    for (ptrdiff_t t = 0; t < f->trees; t++) {
        const double *cut = f->down_cut + t * f->size;
        const int *place = f->down_place + t * f->size;
        const double c1 = cut[1], c2 = cut[2], c3 = cut[3], c4 = cut[4], c5 = cut[5], c6 = cut[6], c7 = cut[7];
        for (int g = 0; g < groups; g++) {
            const double *x = f->cells + g * 8 * f->inputs;
            const double *restrict x1 = x + place[1], *restrict x2 = x + place[2], *restrict x3 = x + place[3];
            const double *restrict x4 = x + place[4], *restrict x5 = x + place[5], *restrict x6 = x + place[6];
            const double *restrict x7 = x + place[7];
            long long at[8];
            for (int r = 0; r < 8; r++) {
                long long first = -(long long)(x1[r] >= c1); /* all bits set: right */
                long long if_left = -(long long)(x2[r] >= c2), if_right = -(long long)(x3[r] >= c3);
                long long second = (first & if_right) | (~first & if_left);
                long long ll = x4[r] >= c4, lr = x5[r] >= c5, rl = x6[r] >= c6, rr = x7[r] >= c7;
                long long left = (second & lr) | (~second & ll), right = (second & rr) | (~second & rl);
                at[r] = 8 - 4 * first - 2 * second + ((first & right) | (~first & left));
            }
            for (int r = 0; r < 8; r++)
                b->leaf[t][8 * g + r] = (unsigned short)at[r];
        }
    }
}

/* Leaves and sums of the block's rows: tree after tree, which then stays in the nearest cache, eight rows at once, so
 * that no load waits for another. */
static void ovoo_forest_block_leaves(const ovoo_forest *f, ovoo_forest_block *b)
{
    const int groups = (b->count + 7) / 8, height = (int)f->height, size = (int)f->size;
    const int top = height < OVOO_FOREST_TOP ? 0 : OVOO_FOREST_TOP;
    if (top)
        ovoo_forest_block_tops(f, b);
    memset(b->sum, 0, sizeof b->sum);
    for (ptrdiff_t t = 0; t < f->trees; t++) {
        const double *cut = f->down_cut + t * size;
        const int *place = f->down_place + t * size, *table = f->table + t * size;
        for (int g = 0; g < groups; g++) {
            const double *x = f->cells + g * 8 * f->inputs;
            unsigned short *to = b->leaf[t] + 8 * g;
            size_t a0 = 1, a1 = 1, a2 = 1, a3 = 1, a4 = 1, a5 = 1, a6 = 1, a7 = 1;
            if (top) {
                a0 = to[0], a1 = to[1], a2 = to[2], a3 = to[3];
                a4 = to[4], a5 = to[5], a6 = to[6], a7 = to[7];
            }
#define OVOO_DOWN(a, r) a = 2 * a + (x[(ptrdiff_t)place[a] + (r)] >= cut[a])
            for (int level = top; level < height; level++) {
                OVOO_DOWN(a0, 0);
                OVOO_DOWN(a1, 1);
                OVOO_DOWN(a2, 2);
                OVOO_DOWN(a3, 3);
                OVOO_DOWN(a4, 4);
                OVOO_DOWN(a5, 5);
                OVOO_DOWN(a6, 6);
                OVOO_DOWN(a7, 7);
            }
            const size_t ends[8] = {a0, a1, a2, a3, a4, a5, a6, a7};
            for (int r = 0; r < 8; r++) {
                int leaf = f->leaf_of[ends[r] - (size_t)size];
                to[r] = (unsigned short)leaf;
                b->sum[8 * g + r] += table[leaf];
            }
        }
    }
}

/* Scores the rows of the block in order, learns those below the limit, and opens the next. */
static void ovoo_forest_flush(const ovoo_forest *f, ovoo_forest_block *b, int learns, double *score)
{
    int *restrict count = f->count;
    if (b->count > 0)
        ovoo_forest_block_leaves(f, b);
    for (int r = 0; r < b->count; r++) {
        double found = f->marks[1] > 0 ? 1.0 - (double)b->sum[r] / f->greatest : NAN;
        score[b->row[r]] = found;
        if (!learns || found >= *f->limit)
            continue;
        for (int t = 0; t < (int)f->trees; t++)
            count[t * (int)f->size + b->leaf[t][r]]++;
        if (++f->marks[0] >= f->window)
            ovoo_forest_turn(f);
    }
    ovoo_forest_open(f, b, learns);
}

/* `score` of the rows that the gate lets through; whole rows wait for others in a block. */
static void ovoo_forest_scores(const ovoo_forest *f, const double *values, ptrdiff_t width, ptrdiff_t n,
                               const unsigned char *gate, int learns, double *score)
{
    ovoo_forest_block b;
    ovoo_forest_open(f, &b, learns);
    memset(f->cells, 0, (size_t)f->inputs * OVOO_FOREST_ROWS * sizeof(double)); /* a last group reads all eight */
    for (ptrdiff_t i = 0; i < n; i++) {
        const double *row = values + i * width;
        if (gate[i] != OVOO_NORMAL) {
            score[i] = NAN;
        } else if (!ovoo_forest_take(f, &b, row, i)) {
            ovoo_forest_flush(f, &b, learns, score);
            score[i] = ovoo_forest_row(f, row, learns);
            ovoo_forest_open(f, &b, learns);
        } else if (b.count == b.room) {
            ovoo_forest_flush(f, &b, learns, score);
        }
    }
    ovoo_forest_flush(f, &b, learns, score);
}

static void ovoo_forest_rows(const ovoo_forest *f, const double *values, ptrdiff_t width, ptrdiff_t n,
                             const unsigned char *gate, int learns, double *score, double *limits, double *measure,
                             unsigned char *state)
{
    ovoo_forest_scores(f, values, width, n, gate, learns, score);
    for (ptrdiff_t i = 0; i < n; i++) {
        double found = score[i];
        limits[i] = *f->limit;
        measure[i] = found / *f->limit;
        state[i] = gate[i] == OVOO_NORMAL && found != found ? OVOO_UNKNOWN : gate[i];
    }
}

#endif
