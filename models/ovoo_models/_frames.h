/* Columns of samples to a grid of frames; the pages of select_rows and scatter_rows in _frame_kernels_py hold for these
 * loops too. Samples mostly come signal after signal, sound, in time and a period apart: such runs go through whole. */
#ifndef OVOO_FRAMES_H
#define OVOO_FRAMES_H

#include "_lanes.h"

#define OVOO_GOOD_BELOW 0x40000000u
#define OVOO_GREATEST 1e30

enum { OVOO_NEVER = -1, OVOO_TOGETHER = 64 };

typedef struct {
    int *column;
    long long *time_ns;
    double *value;
    ptrdiff_t kept, late;
    long long newest, oldest; /* of the rows kept, OVOO_NEVER where none is */
} ovoo_pending;

OVOO_INLINE double ovoo_sound(unsigned int quality, double value)
{
    return quality < OVOO_GOOD_BELOW && -OVOO_GREATEST <= value && value <= OVOO_GREATEST ? value : NAN;
}

OVOO_INLINE void ovoo_pending_see(ovoo_pending *to, long long oldest, long long newest)
{
    to->newest = newest > to->newest ? newest : to->newest;
    to->oldest = to->oldest == OVOO_NEVER || oldest < to->oldest ? oldest : to->oldest;
}

/* Rows of one signal one by one, because some are late. */
static void ovoo_select_mixed(const long long *time_ns, const double *value, const unsigned int *quality, ptrdiff_t n,
                              int column, long long floor_ns, ovoo_pending *to)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        if (time_ns[i] < floor_ns || time_ns[i] < 0) {
            to->late++;
            continue;
        }
        to->column[to->kept] = column;
        to->time_ns[to->kept] = time_ns[i];
        to->value[to->kept] = ovoo_sound(quality[i], value[i]);
        to->kept++;
        ovoo_pending_see(to, time_ns[i], time_ns[i]);
    }
}

/* Rows of one signal. */
OVOO_CLONES void ovoo_select_run(const long long *restrict time_ns, const double *restrict value,
                                 const unsigned int *restrict quality, ptrdiff_t n, int column, long long floor_ns,
                                 ovoo_pending *to)
{
    int *restrict to_column = to->column + to->kept;
    double *restrict to_value = to->value + to->kept;
    long long oldest = time_ns[0], newest = time_ns[0];
    unsigned int worst = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        oldest = time_ns[i] < oldest ? time_ns[i] : oldest;
        newest = time_ns[i] > newest ? time_ns[i] : newest;
        worst |= quality[i];
    }
    if (oldest < floor_ns || oldest < 0) {
        ovoo_select_mixed(time_ns, value, quality, n, column, floor_ns, to);
        return;
    }
    memcpy(to->time_ns + to->kept, time_ns, (size_t)n * sizeof(long long));
    for (ptrdiff_t i = 0; i < n; i++)
        to_column[i] = column;
    if (worst < OVOO_GOOD_BELOW)
        for (ptrdiff_t i = 0; i < n; i++)
            to_value[i] = ovoo_sound(0, value[i]);
    else
        for (ptrdiff_t i = 0; i < n; i++)
            to_value[i] = ovoo_sound(quality[i], value[i]);
    to->kept += n;
    ovoo_pending_see(to, oldest, newest);
}

static void ovoo_select_rows(const unsigned int *signal, const long long *time_ns, const double *value,
                             const unsigned int *quality, ptrdiff_t n, const int *table, ptrdiff_t width,
                             long long floor_ns, ovoo_pending *to)
{
    for (ptrdiff_t i = 0, next; i < n; i = next) {
        for (next = i + 1; next < n && signal[next] == signal[i];)
            next++;
        if (signal[i] < (size_t)width && table[signal[i]] >= 0)
            ovoo_select_run(time_ns + i, value + i, quality + i, next - i, table[signal[i]], floor_ns, to);
    }
}

/* Where the samples of a message go: the newest of each frame and signal. */
typedef struct {
    double *value;
    long long *time_ns;
    ptrdiff_t frames, width, stride;
    long long base_frame, period_ns;
} ovoo_grid;

/* How many rows from the first on are of its signal and a period apart, at most n. */
OVOO_CLONES ptrdiff_t ovoo_even_rows(const int *restrict column, const long long *restrict time_ns, ptrdiff_t n,
                                     long long period_ns)
{
    const unsigned long long apart = (unsigned long long)period_ns;
    ptrdiff_t even = 1;
    for (; even + OVOO_TOGETHER <= n; even += OVOO_TOGETHER) {
        unsigned long long differs = 0;
        int others = 0;
        for (ptrdiff_t i = even; i < even + OVOO_TOGETHER; i++) {
            differs |= ((unsigned long long)time_ns[i] - (unsigned long long)time_ns[i - 1]) ^ apart;
            others |= column[i] ^ column[0];
        }
        if (differs || others)
            break;
    }
    while (even < n && column[even] == column[0] &&
           (unsigned long long)time_ns[even] - (unsigned long long)time_ns[even - 1] == apart)
        even++;
    return even;
}

/* Rows into cells that follow each other, where they are not older than what is there. */
OVOO_CLONES void ovoo_put_newer(const long long *restrict time_ns, const double *restrict value, ptrdiff_t n,
                                long long *restrict to_time, double *restrict to_value)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        long long old_time = to_time[i], at = time_ns[i];
        double old_value = to_value[i], found = value[i];
        to_value[i] = at >= old_time ? found : old_value;
        to_time[i] = at >= old_time ? at : old_time;
    }
}

static void ovoo_scatter_rows(const ovoo_grid *grid, ovoo_pending *rows, ptrdiff_t n)
{
    const long long period = grid->period_ns;
    long long known = 0, start_ns = 0;
    for (ptrdiff_t k = 0; k < grid->width; k++)
        for (ptrdiff_t f = 0; f < grid->frames; f++)
            grid->time_ns[k * grid->stride + f] = OVOO_NEVER;
    for (ptrdiff_t i = 0; i < n; i++) {
        /* a signal's samples are mostly a period apart: the next frame is tried before a division */
        long long at = rows->time_ns[i], passed = at - start_ns;
        if (passed >= period && passed - period < period) {
            known++;
            start_ns += period;
        } else if (passed < 0 || passed >= period) {
            known = at / period;
            start_ns = known * period;
        }
        long long frame = known - grid->base_frame;
        if (frame >= grid->frames) {
            rows->column[rows->kept] = rows->column[i];
            rows->time_ns[rows->kept] = at;
            rows->value[rows->kept] = rows->value[i];
            rows->kept++;
            ovoo_pending_see(rows, at, at);
            continue;
        }
        if (frame < 0 || rows->column[i] < 0 || rows->column[i] >= grid->width)
            continue;
        ptrdiff_t cell = rows->column[i] * grid->stride + (ptrdiff_t)frame, even = 1;
        ptrdiff_t room = n - i < grid->frames - frame ? n - i : (ptrdiff_t)(grid->frames - frame);
        if (room > 1 && at >= 0 && rows->column[i + 1] == rows->column[i] && rows->time_ns[i + 1] - at == period)
            even = ovoo_even_rows(rows->column + i, rows->time_ns + i, room, period);
        if (even > 1) {
            ovoo_put_newer(rows->time_ns + i, rows->value + i, even, grid->time_ns + cell, grid->value + cell);
            known += even - 1;
            start_ns += (even - 1) * period;
            i += even - 1;
        } else if (at >= grid->time_ns[cell]) {
            grid->time_ns[cell] = at;
            grid->value[cell] = rows->value[i];
        }
    }
}

#endif
