# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Demand of a running window out of power samples. Twin: _demand_kernels_py, whose page holds for this too."""

cdef double NAN = float("nan")
cdef long long NEVER = -1
cdef unsigned char UNKNOWN = 0, NORMAL = 3
cdef enum:
    AT = 0
    SLOT = 1
    MONTH_END = 2
    PEAK_AT = 3
    FULL = 4
    FIRST = 5


cdef struct Meter:
    const long long* months
    Py_ssize_t month_count
    long long step
    long long slots
    bint sliding
    long long gap
    double* energy
    long long* known
    double* values
    long long* times


cdef struct Ahead:
    double mean
    double shed
    long long end
    double share


def power_rows(const double[::1] values, Py_ssize_t width, Py_ssize_t n, const int[::1] columns, Py_ssize_t d,
               double factor, double[::1] power):
    cdef Py_ssize_t i, j
    cdef double total
    if values.shape[0] < n * width or power.shape[0] < n or columns.shape[0] < d:
        raise ValueError("columns are shorter than n")
    for j in range(d):
        if not (0 <= columns[j] < width):
            raise ValueError("a column is outside the row")
    with nogil:
        for i in range(n):
            total = 0.0
            for j in range(d):
                total = total + values[i * width + columns[j]]
            power[i] = total * factor


def demand_rows(const long long[::1] time_ns, const double[::1] power, Py_ssize_t n, const long long[::1] months,
                long long step, long long slots, bint sliding, long long gap, double target, double[::1] energy,
                long long[::1] known, double[::1] values, long long[::1] times, double[::1] ahead):
    cdef Py_ssize_t i, refused = 0
    cdef long long time, at
    cdef bint projecting
    cdef Meter m
    cdef Ahead found
    if time_ns.shape[0] < n or power.shape[0] < n:
        raise ValueError("columns are shorter than n")
    _check(step, slots, energy, known, values, times)
    if months.shape[0] < 2:
        raise ValueError("two borders of months are needed")
    projecting = ahead.shape[0] >= 2 * n and n > 0 and ahead.shape[0] > 1
    m = _meter(step, slots, sliding, gap, energy, known, values, times)
    m.months, m.month_count = &months[0], months.shape[0]
    with nogil:
        for i in range(n):
            time = time_ns[i]
            at = m.times[AT]
            if at != NEVER and time < at:
                refused += 1
                if projecting:
                    ahead[2 * i] = NAN
                    ahead[2 * i + 1] = NAN
                continue
            if at == NEVER:
                open_month(&m, time)
                m.times[SLOT] = floored(time, step)
                m.times[FIRST] = -floored(-time, step)
            else:
                advance(&m, at, time)
            m.times[AT] = time
            m.values[1] = power[i] if power[i] - power[i] == 0.0 else NAN
            if projecting:
                found = look_ahead(&m, target)
                ahead[2 * i] = found.mean
                ahead[2 * i + 1] = found.shed
    return refused


def demand_ahead(long long step, long long slots, bint sliding, double target, double[::1] energy,
                 long long[::1] known, double[::1] values, long long[::1] times):
    cdef Meter m
    cdef Ahead found
    _check(step, slots, energy, known, values, times)
    m = _meter(step, slots, sliding, 0, energy, known, values, times)
    found = look_ahead(&m, target)
    return found.mean, found.shed, found.end, found.share


def demand_scores(const unsigned char[::1] gate, const double[::1] ahead, Py_ssize_t n, double target,
                  double[::1] score, double[::1] limits, double[::1] measure, unsigned char[::1] state):
    cdef Py_ssize_t i
    cdef double mean
    if gate.shape[0] < n or ahead.shape[0] < 2 * n:
        raise ValueError("columns are shorter than n")
    if min(score.shape[0], limits.shape[0], measure.shape[0], state.shape[0]) < n:
        raise ValueError("output is shorter than n")
    with nogil:
        for i in range(n):
            limits[i] = 1.0
            score[i] = NAN
            measure[i] = NAN
            state[i] = gate[i]
            if gate[i] != NORMAL:
                continue
            mean = ahead[2 * i] / target
            if mean - mean == 0.0:
                score[i] = mean
                measure[i] = ahead[2 * i + 1]
            else:
                state[i] = UNKNOWN


cdef int _check(long long step, long long slots, double[::1] energy, long long[::1] known, double[::1] values,
                long long[::1] times) except -1:
    if step <= 0 or slots < 1 or energy.shape[0] < slots or known.shape[0] < slots:
        raise ValueError("slots and their length must be above 0, and the ring as long as they are")
    if values.shape[0] < 2 or times.shape[0] < 6:
        raise ValueError("state is too short")
    return 0


cdef Meter _meter(long long step, long long slots, bint sliding, long long gap, double[::1] energy,
                  long long[::1] known, double[::1] values, long long[::1] times):
    cdef Meter m
    m.months, m.month_count = NULL, 0
    m.step, m.slots, m.sliding, m.gap = step, slots, sliding, gap
    m.energy, m.known, m.values, m.times = &energy[0], &known[0], &values[0], &times[0]
    return m


cdef inline long long floored(long long a, long long b) noexcept nogil:
    # C rounds a negative quotient towards zero, Python down
    cdef long long q = a // b
    return q - 1 if a % b < 0 else q


cdef inline Py_ssize_t place_of(long long slot, long long slots) noexcept nogil:
    cdef long long rest = slot % slots
    return rest + slots if rest < 0 else rest


cdef Ahead look_ahead(Meter* m, double target) noexcept nogil:
    cdef Ahead worst
    cdef double power = m.values[1], total, mean, shed
    cdef long long at = m.times[AT], slot = m.times[SLOT], window = m.step * m.slots
    cdef long long count, low, high, back, measured, end, left, past
    cdef Py_ssize_t place
    worst.mean = NAN
    worst.shed = NAN
    worst.end = NEVER
    worst.share = NAN
    if at == NEVER or power != power:
        return worst
    low = m.slots - place_of(slot, m.slots)
    high = low
    if m.sliding:
        low = 1
        high = m.slots
    for count in range(low, high + 1):
        total = 0.0
        measured = 0
        for back in range(m.slots - count + 1):
            place = place_of(slot - back, m.slots)
            total = total + m.energy[place]
            measured += m.known[place]
        end = (slot + count) * m.step
        left = end - at
        mean = (total + power * <double>left) / <double>window
        shed = (mean - target) * <double>window / <double>left
        if not (shed > 0.0):
            shed = 0.0
        if worst.end == NEVER or shed > worst.shed or (shed == worst.shed and mean > worst.mean):
            past = window - left
            worst.mean = mean
            worst.shed = shed
            worst.end = end
            worst.share = <double>measured / <double>past if past > 0 else 1.0
    return worst


cdef void open_month(Meter* m, long long time) noexcept nogil:
    cdef Py_ssize_t place = 0, k
    while place + 2 < m.month_count and m.months[place + 1] <= time:
        place += 1
    m.times[MONTH_END] = m.months[place + 1]
    m.times[PEAK_AT] = NEVER
    m.times[FULL] = 0
    m.times[FIRST] = floored(m.months[place], m.step)
    m.values[0] = NAN
    for k in range(m.slots):
        m.energy[k] = 0.0
        m.known[k] = 0


cdef inline bint empty(Meter* m) noexcept nogil:
    cdef Py_ssize_t k
    for k in range(m.slots):
        if m.known[k] != 0:
            return False
    return True


cdef inline void credit(Meter* m, long long start, long long end) noexcept nogil:
    cdef Py_ssize_t place
    if end > start:
        place = place_of(m.times[SLOT], m.slots)
        m.energy[place] = m.energy[place] + m.values[1] * <double>(end - start)
        m.known[place] += end - start


cdef void advance(Meter* m, long long at, long long time) noexcept nogil:
    cdef long long until = at, slot = floored(time, m.step), end
    if m.values[1] == m.values[1]:
        until = time if time < at + m.gap else at + m.gap
    while m.times[SLOT] < slot:
        end = (m.times[SLOT] + 1) * m.step
        if until <= end - m.step and empty(m):
            if slot * m.step >= m.times[MONTH_END]:
                open_month(m, slot * m.step)
            m.times[SLOT] = slot
            break
        credit(m, at, until if until < end else end)
        at = at if at > end else end
        close_slot(m, end)
    credit(m, at if at > slot * m.step else slot * m.step, until)


cdef void close_slot(Meter* m, long long end) noexcept nogil:
    cdef long long slot, measured = 0, window = m.step * m.slots
    cdef double total, mean
    cdef Py_ssize_t k, place
    m.times[SLOT] += 1
    slot = m.times[SLOT]
    if (m.sliding or place_of(slot, m.slots) == 0) and slot - m.slots >= m.times[FIRST]:
        for k in range(m.slots):
            measured += m.known[k]
        if measured == window:
            m.times[FULL] += 1
            total = 0.0
            for k in range(m.slots):
                total = total + m.energy[k]
            mean = total / <double>window
            if not (mean <= m.values[0]):
                m.values[0] = mean
                m.times[PEAK_AT] = end - window
    if end >= m.times[MONTH_END]:
        open_month(m, end)
    place = place_of(slot, m.slots)
    m.energy[place] = 0.0
    m.known[place] = 0
