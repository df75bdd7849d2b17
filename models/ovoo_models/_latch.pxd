# One row of the alarm latch, for blocks of rows and for single ones.
# at: phase, pending since, start, last true, clear since, closed at, last update, last row
# peak: greatest score / limit, measure there, measure at the last true row

cdef inline long long latch_step(long long t, double score, double limit, double measure, unsigned char* state,
                                 double release, long long on_ns, long long off_ns, long long merge_ns,
                                 long long update_ns, long long gap_ns, long long* at, double* peak) noexcept nogil:
    cdef long long NEVER = -1, kind
    cdef unsigned char NORMAL = 3, PENDING = 4, ALARM = 5
    cdef bint high, low
    cdef double ratio
    if at[7] != NEVER and (t - at[7] > gap_ns or t < at[7]):
        if at[0] == 1:
            at[0] = 0
        if at[0] == 3:
            at[4] = t
    at[7] = t
    if state[0] != NORMAL:
        if at[0] == 1:
            at[0] = 0
        return 0
    high = score >= limit
    low = score < limit * release
    ratio = score / limit
    kind = 0
    if at[0] == 0 and high:
        at[0] = 1
        at[1] = t
        peak[0] = ratio
        peak[1] = measure
    if at[0] != 0 and high:
        at[3] = t
        peak[2] = measure
        if ratio > peak[0]:
            peak[0] = ratio
            peak[1] = measure
    if at[0] == 1:
        if not high:
            at[0] = 0
        elif t - at[1] >= on_ns:
            at[0] = 2
            at[6] = t
            kind = 1
            if at[5] != NEVER and at[1] - at[5] <= merge_ns:
                kind = 3
            else:
                at[2] = at[1]
    elif at[0] == 2:
        if low:
            at[0] = 3
            at[4] = t
    if at[0] == 3:
        if not low:
            at[0] = 2
        elif t - at[4] >= off_ns:
            at[0] = 0
            at[5] = at[4]
            kind = 4
    if kind == 0 and at[0] >= 2 and t - at[6] >= update_ns:
        at[6] = t
        kind = 2
    if at[0] >= 2:
        state[0] = ALARM
    elif at[0] == 1:
        state[0] = PENDING
    return kind
