/* Lane-wise loops that several instruction sets may run: each lane does the same operations in the same order on all
 * of them, contraction is off, so every build and every clone gives the same bits as the Python twin.
 * Where clones cannot be had (another compiler, C library or processor) the plain function is built alone. */
#ifndef OVOO_LANES_H
#define OVOO_LANES_H

#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(OVOO_NO_CLONES)
#define OVOO_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define OVOO_CLONES
#endif

#if defined(__GNUC__) || defined(__clang__)
#define OVOO_INLINE static inline __attribute__((always_inline))
#else
#define OVOO_INLINE static inline
#endif

enum { OVOO_LANES = 8, OVOO_UNKNOWN = 0, OVOO_OFF = 1, OVOO_SETTLING = 2, OVOO_NORMAL = 3, OVOO_IDLE = 6, OVOO_LOAD = 7 };

/* Eight doubles side by side; compilers split them where registers are narrower. The second type may stand anywhere. */
typedef double ovoo_lanes __attribute__((vector_size(64)));
typedef double ovoo_loose __attribute__((vector_size(64), aligned(8), may_alias));
#if defined(__clang__)
#define OVOO_PICK(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
typedef int64_t ovoo_places __attribute__((vector_size(64)));
#define OVOO_PICK(a, b, ...) __builtin_shuffle(a, b, (ovoo_places){__VA_ARGS__})
#endif
#define OVOO_AT(p) (*(const ovoo_loose *)(p))

/* Sum of eight lanes in the one fixed tree. */
#define OVOO_FOLD(v, sum) \
    do { \
        ovoo_lanes half_ = (v) + OVOO_PICK(v, v, 4, 5, 6, 7, 0, 1, 2, 3); \
        half_ = half_ + OVOO_PICK(half_, half_, 2, 3, 0, 1, 6, 7, 4, 5); \
        (sum) = half_[0] + half_[1]; \
    } while (0)

/* out[c] = sum of the lanes of s[c], each in the tree of OVOO_FOLD, eight sums at once. */
#define OVOO_HALVES(a, b) (OVOO_PICK(a, b, 0, 1, 2, 3, 8, 9, 10, 11) + OVOO_PICK(a, b, 4, 5, 6, 7, 12, 13, 14, 15))
#define OVOO_QUARTERS(a, b) (OVOO_PICK(a, b, 0, 1, 4, 5, 8, 9, 12, 13) + OVOO_PICK(a, b, 2, 3, 6, 7, 10, 11, 14, 15))
#define OVOO_EIGHTHS(a, b) (OVOO_PICK(a, b, 0, 2, 4, 6, 8, 10, 12, 14) + OVOO_PICK(a, b, 1, 3, 5, 7, 9, 11, 13, 15))
#define OVOO_FOLD_EIGHT(s0, s1, s2, s3, s4, s5, s6, s7, out) \
    do { \
        ovoo_lanes h0_ = OVOO_HALVES(s0, s1), h1_ = OVOO_HALVES(s2, s3); \
        ovoo_lanes h2_ = OVOO_HALVES(s4, s5), h3_ = OVOO_HALVES(s6, s7); \
        ovoo_lanes q0_ = OVOO_QUARTERS(h0_, h1_), q1_ = OVOO_QUARTERS(h2_, h3_); \
        *(ovoo_loose *)(out) = OVOO_EIGHTHS(q0_, q1_); \
    } while (0)

OVOO_INLINE double ovoo_fold(const double *acc)
{
    return ((acc[0] + acc[4]) + (acc[2] + acc[6])) + ((acc[1] + acc[5]) + (acc[3] + acc[7]));
}

/* Inner product of a multiple of eight doubles. */
OVOO_INLINE double ovoo_dot(const double *a, const double *b, ptrdiff_t n)
{
    ovoo_lanes acc = {0.0};
    double sum;
    for (ptrdiff_t k = 0; k < n; k += OVOO_LANES)
        acc += OVOO_AT(a + k) * OVOO_AT(b + k);
    OVOO_FOLD(acc, sum);
    return sum;
}

/* out[c] = a[c] . z for `count` <= 8 rows a of `n` doubles that follow each other, each in the order of ovoo_dot; the
 * other cells of out[0..7] become 0. A constant `count` costs nothing. */
OVOO_INLINE void ovoo_dot_some(const double *a, const double *z, ptrdiff_t n, double *out, int count)
{
    ovoo_lanes s0 = {0.0}, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
#define OVOO_ROW(c, s) \
    if (count > (c)) \
        s += OVOO_AT(a + k + (c) * n) * x
    for (ptrdiff_t k = 0; k < n; k += OVOO_LANES) {
        ovoo_lanes x = OVOO_AT(z + k);
        OVOO_ROW(0, s0);
        OVOO_ROW(1, s1);
        OVOO_ROW(2, s2);
        OVOO_ROW(3, s3);
        OVOO_ROW(4, s4);
        OVOO_ROW(5, s5);
        OVOO_ROW(6, s6);
        OVOO_ROW(7, s7);
    }
    OVOO_FOLD_EIGHT(s0, s1, s2, s3, s4, s5, s6, s7, out);
}

/* out[r] = a[r] . a[r] for eight rows a of `n` doubles that follow each other, each in the order of ovoo_dot. */
OVOO_INLINE void ovoo_squares(const double *a, ptrdiff_t n, double *out)
{
    ovoo_lanes s0 = {0.0}, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0, x;
#define OVOO_SQUARE(r, s) \
    x = OVOO_AT(a + k + (r) * n); \
    s += x * x
    for (ptrdiff_t k = 0; k < n; k += OVOO_LANES) {
        OVOO_SQUARE(0, s0);
        OVOO_SQUARE(1, s1);
        OVOO_SQUARE(2, s2);
        OVOO_SQUARE(3, s3);
        OVOO_SQUARE(4, s4);
        OVOO_SQUARE(5, s5);
        OVOO_SQUARE(6, s6);
        OVOO_SQUARE(7, s7);
    }
    OVOO_FOLD_EIGHT(s0, s1, s2, s3, s4, s5, s6, s7, out);
}

/* out[c] = a[c] . z for any number of rows; the cells up to the next multiple of eight become 0. */
OVOO_INLINE void ovoo_dots(const double *a, const double *z, ptrdiff_t n, ptrdiff_t count, double *out)
{
    for (; count >= 8; count -= 8, a += 8 * n, out += 8)
        ovoo_dot_some(a, z, n, out, 8);
    if (count > 4)
        ovoo_dot_some(a, z, n, out, (int)count);
    else if (count > 2)
        ovoo_dot_some(a, z, n, out, (int)count);
    else if (count == 2)
        ovoo_dot_some(a, z, n, out, 2);
    else if (count == 1)
        ovoo_dot_some(a, z, n, out, 1);
}

/* Zeroed memory for `count` doubles on a cache line, released by free; NULL where there is none. */
static inline double *ovoo_doubles(size_t count)
{
    size_t bytes = (count * sizeof(double) + 63) / 64 * 64;
    double *memory = aligned_alloc(64, bytes);
    if (memory != NULL)
        memset(memory, 0, bytes);
    return memory;
}

/* base ** n by squaring, 1 for n <= 0. */
OVOO_INLINE double ovoo_power(double base, long long n)
{
    double result = 1.0;
    while (n > 0) {
        if (n & 1)
            result *= base;
        base *= base;
        n >>= 1;
    }
    return result;
}

OVOO_INLINE double ovoo_clip(double x, double bound)
{
    x = x > bound ? bound : x;
    return x < -bound ? -bound : x;
}

/* The gate of one row: running while low <= x <= high; idle or under load where there is a load signal, with hysteresis;
 * settled since `settle_ns` in its regime. state_ns = [regime since, last row, 1 under load or 0 idle]; regimes: 1 load,
 * 2 idle, 3 both are scored; 0: the threshold is not known yet. */
typedef struct {
    ptrdiff_t column;
    double low, high;
    long long settle_ns, gap_ns;
    long long *state_ns;
    ptrdiff_t load_column;
    double load_above, load_release;
    int regimes;
} ovoo_gate;

OVOO_INLINE int ovoo_gate_row(const ovoo_gate *gate, long long time_ns, const double *row)
{
    if (gate->column < 0 && gate->load_column < 0)
        return OVOO_NORMAL;
    long long *state = gate->state_ns;
    double x = gate->column < 0 ? 0.0 : row[gate->column];
    double load = gate->load_column < 0 ? 0.0 : row[gate->load_column];
    if (x != x)
        return OVOO_UNKNOWN;
    int code = OVOO_OFF;
    if (gate->column < 0 || (gate->low <= x && x <= gate->high)) {
        if (load != load)
            return OVOO_UNKNOWN;
        int fresh = state[0] == -1 || time_ns < state[0] || time_ns - state[1] > gate->gap_ns, scored = 1;
        if (gate->load_column >= 0) {
            int loaded = load >= (state[0] != -1 && state[2] ? gate->load_release : gate->load_above);
            fresh = fresh || loaded != state[2];
            state[2] = loaded;
            code = loaded ? OVOO_LOAD : OVOO_IDLE;
            scored = gate->regimes & (loaded ? 1 : 2);
            if (gate->regimes == 0)
                code = OVOO_UNKNOWN;
        }
        if (fresh)
            state[0] = time_ns;
        if (time_ns - state[0] < gate->settle_ns)
            code = OVOO_SETTLING;
        else if (scored)
            code = OVOO_NORMAL;
    } else {
        state[0] = -1;
    }
    state[1] = time_ns;
    return code;
}

#endif
