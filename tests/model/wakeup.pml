// SPDX-License-Identifier: MIT
// The wake-up protocol between the producers and the one worker, with explicit store buffers.
//
//   producer: publish head; light fence; if (armed) wake
//   wake:     if (exchange(armed, false)) { if (the sleep has a deadline that is near) return; lock, unlock, notify_one }
//   worker:   armed = true; heavy fence; check every lane and the requests once more;
//             nothing? lock; while (armed) wait
//
// Policy: one of -DFENCE and -DASYMMETRIC.
// Size:   -DPRODUCERS=1..3, -DRECORDS=1..3 of each, -DREQUESTS=0..2 (flush, stop),
//         -DDISTURBANCES=n: at most n sleeps end by a deadline or spuriously,
//         -DDEADLINES=n: at most n sleeps have a deadline that is near, to which a caller leaves the waking.
// Negative controls, which the checker must refute: -DBROKEN_*, see run.sh.
// README.md describes what this proves, and what it does not.

#if defined(FENCE) == defined(ASYMMETRIC)
#error "choose one policy: -DFENCE or -DASYMMETRIC"
#endif
#ifndef PRODUCERS
#define PRODUCERS 2
#endif
#ifndef RECORDS
#define RECORDS 2
#endif
#ifndef REQUESTS
#define REQUESTS 2
#endif
#ifndef DISTURBANCES
#define DISTURBANCES 0
#endif
#ifndef DEADLINES
#define DEADLINES 0
#endif
#if PRODUCERS < 1 || PRODUCERS > 3 || RECORDS < 1 || RECORDS > 3 || REQUESTS > 2
#error "PRODUCERS and RECORDS are 1 to 3, REQUESTS 0 to 2"
#endif

// --- processors: producer p runs on processor p and owns lane p --------------------------------------------

#define WORKER     PRODUCERS
#define REQUESTER  (PRODUCERS + 1)
#define PROCESSORS (PRODUCERS + 2)

// --- memory: what every processor can see ------------------------------------------------------------------

#define NOTHING 0
#define FLUSH   1
#define STOP    2
byte head[PRODUCERS]; // lane p holds the records from tail[p] to head[p]
bool armed;           // the worker sleeps, or is about to
byte request;         // the last one made
bool locked;          // the mutex
bool waiting;         // the worker is inside the condition variable
bool timed;           // a deadline that is near ends the sleep; stored before `armed`

// --- store buffers -----------------------------------------------------------------------------------------
// A plain store goes into the buffer of its processor and reaches memory at any later time, in order. Each
// processor has plain stores to one place only (producer p: head[p], worker: armed, requester: request), so
// a buffered store is only its value.

#define BUFFERED 3
chan store_buffer[PROCESSORS] = [BUFFERED] of { byte };
#define drained(p) (len(store_buffer[p]) == 0)

// --- state that is not part of the protocol, and state that only the properties need -----------------------

byte tail[PRODUCERS]; // consumed by the worker
byte answered;        // the last request answered
bool owed[PRODUCERS]; // what lane p held when the open request was made is still there
bool paid;            // a caller has woken the worker since it armed
byte running = PRODUCERS + (REQUESTS > 0);
byte disturbances = DISTURBANCES;
byte deadlines = DEADLINES;

#if PRODUCERS == 1
#define all_consumed (tail[0] == RECORDS)
#define nothing_owed (!owed[0])
#elif PRODUCERS == 2
#define all_consumed (tail[0] == RECORDS && tail[1] == RECORDS)
#define nothing_owed (!owed[0] && !owed[1])
#else
#define all_consumed (tail[0] == RECORDS && tail[1] == RECORDS && tail[2] == RECORDS)
#define nothing_owed (!owed[0] && !owed[1] && !owed[2])
#endif

// The one valid end without a stop: all other processes have ended, everything is consumed, and the worker sleeps
// and can be woken by the next signal. Any other state in which no process can continue is an invalid end state:
// a lost wake-up.
#define at_rest (running == 0 && all_consumed && waiting && armed && !locked)

// --- the hardware: moves the oldest store of any buffer to memory at any time ------------------------------

active proctype memory() {
end:
  do
  :: store_buffer[0]?head[0]
#if PRODUCERS > 1
  :: store_buffer[1]?head[1]
#endif
#if PRODUCERS > 2
  :: store_buffer[2]?head[2]
#endif
  :: d_step { store_buffer[WORKER]?armed; if :: armed -> paid = false :: else fi }
#if REQUESTS
  :: store_buffer[REQUESTER]?request
#endif
  od
}

// Waiting until the processor's own buffer is empty has the effect of emptying it: `memory` can always run first.
inline fence(me) { drained(me) }

// The mutex. Locking drains nothing; unlocking is a release, so the processor's own stores reach memory first.
// Only the worker does something under it: a producer's lock and unlock are one step, which may have to wait.
inline lock() { d_step { !locked -> locked = true } }
inline unlock(me) { d_step { drained(me) -> locked = false } }
inline pass_the_mutex() { !locked }

// --- the producers -----------------------------------------------------------------------------------------

inline wake(me) {
  if // the exchange is a locked instruction: its processor's stores first, then load and store in one step
#ifdef BROKEN_NO_EXCHANGE
  :: drained(me) && armed ->
     d_step { assert(!paid); paid = true; armed = false };
#else
  :: d_step { drained(me) && armed -> assert(!paid); paid = true; armed = false };
#endif
     if
#if DEADLINES
#ifdef BROKEN_LEAVE_TO_NOBODY
     :: true -> skip
#else
     :: timed -> skip // the deadline ends the sleep
#endif
#endif
     :: !timed ->
#ifndef BROKEN_NOTIFY_WITHOUT_LOCK
        pass_the_mutex();
#endif
        waiting = false // notify_one: no effect if the worker does not wait
     fi
  :: drained(me) && !armed // another producer pays
  fi
}

inline signal(me) {
#if defined(FENCE) && !defined(BROKEN_NO_FENCE)
  fence(me);
#endif
  if // one relaxed load
  :: armed -> wake(me)
  :: else
  fi
}

active [PRODUCERS] proctype producer() {
  byte me = _pid - 1; // `memory` is process 0
  byte next = 0;
  do
  :: d_step { next < RECORDS -> next++; store_buffer[me]!next }; // publish: the release store of the head
     signal(me)
  :: d_step { next == RECORDS -> running-- }; break
  od
}

#if REQUESTS
// One request: a flush or a stop, at any time. Two: a flush, and a stop at any time after its answer. The records in
// memory when a request is made are owed to it: the answer may come only when they are consumed.
inline make_request() {
  owed[0] = (head[0] != tail[0]);
#if PRODUCERS > 1
  owed[1] = (head[1] != tail[1]);
#endif
#if PRODUCERS > 2
  owed[2] = (head[2] != tail[2]);
#endif
  store_buffer[REQUESTER]!what
}

active proctype requester() {
  byte what = NOTHING;
ask:
  if
  :: d_step { what++; make_request() } // a flush first, then a stop
#if REQUESTS == 1
  :: d_step { what = STOP; make_request() }
#endif
  fi;
  signal(REQUESTER);
  if
  :: answered == what && what < REQUESTS -> goto ask
  :: d_step { answered == what && what >= REQUESTS -> running-- }
  fi
}
#endif

// --- the worker --------------------------------------------------------------------------------------------

// FENCE: a fence on the worker's processor. ASYMMETRIC: membarrier, a fence on the worker's processor and then one on
// every other processor, one after the other in any order, while all of them continue to run.
inline heavy_fence() {
  fence(WORKER);
#if defined(ASYMMETRIC) && !defined(BROKEN_NO_FENCE)
  d_step { todo = (1 << PRODUCERS) - 1 + (REQUESTS > 0) * (1 << REQUESTER) };
  do
  :: d_step { (todo & 1) && drained(0) -> todo = todo & ~1 }
#if PRODUCERS > 1
  :: d_step { (todo & 2) && drained(1) -> todo = todo & ~2 }
#endif
#if PRODUCERS > 2
  :: d_step { (todo & 4) && drained(2) -> todo = todo & ~4 }
#endif
#if REQUESTS
  :: d_step { (todo & (1 << REQUESTER)) && drained(REQUESTER) -> todo = todo & ~(1 << REQUESTER) }
#endif
  :: todo == 0 -> break
  od
#endif
}

// A processor sees its own buffered store first.
#define armed_for_worker ((drained(WORKER) && armed) || (!drained(WORKER) && stored))
inline store_armed(value) { d_step { store_buffer[WORKER]!value; stored = value } }

active proctype worker() {
  byte lane = 0;
  byte seen = NOTHING;
  byte todo = 0;
  bool found = false;
  bool stored = false;
  bool late = false;

pass:
  // The request first, then every lane: so the answer covers what came before the request.
#ifndef BROKEN_ANSWER
  seen = request;
#endif
  do
  :: d_step {
       lane < PRODUCERS ->
       if :: tail[lane] != head[lane] -> tail[lane] = head[lane]; found = true :: else fi;
       owed[lane] = false;
       lane++
     }
  :: lane == PRODUCERS -> lane = 0; break
  od;
#ifdef BROKEN_ANSWER
  seen = request;
#endif
  if
  :: d_step { seen == answered && !found -> seen = NOTHING }
  :: d_step { seen == answered && found -> seen = NOTHING; found = false }; goto pass
  :: d_step { seen != answered -> assert(nothing_owed); answered = seen; seen = NOTHING; found = false };
     if
     :: answered == STOP -> goto stopped
     :: answered != STOP -> goto pass
     fi
  fi;

  // No record and no request: arm, and check once more.
#if DEADLINES
  if
  :: d_step { deadlines > 0 -> deadlines--; timed = true }
  :: timed = false
  fi;
#endif
#ifdef BROKEN_FENCE_BEFORE_ARMING
  heavy_fence();
  store_armed(true);
#else
  store_armed(true);
#ifndef BROKEN_NO_WORKER_FENCE
  heavy_fence();
#endif
#endif
#ifndef BROKEN_NO_RECHECK
  do
  :: d_step { !found && lane < PRODUCERS -> found = (tail[lane] != head[lane]); lane++ }
  :: d_step { !found && lane == PRODUCERS -> lane = 0; found = (request != answered) }; break
  :: found -> lane = 0; break
  od;
  if
  :: found -> found = false; store_armed(false); goto pass
  :: else
  fi;
#endif
#ifdef BROKEN_NO_SLEEP
  store_armed(false);
  goto pass;
#endif

  // Sleep.
  lock();
  do
  :: armed_for_worker ->
     d_step { drained(WORKER) -> locked = false; waiting = true }; // wait unlocks and begins in one step
     if
     :: d_step { !waiting && !locked -> locked = true } // notified: wait locks again before it returns
#if DEADLINES
     :: d_step { waiting && timed -> waiting = false; late = true };
        lock();
        break
#endif
#if DISTURBANCES
     :: d_step { waiting && disturbances > 0 -> disturbances--; waiting = false }; // a spurious wake-up
        lock()
     :: d_step { waiting && disturbances > 0 -> disturbances--; waiting = false; late = true };
        lock();
        break
#endif
     :: at_rest -> goto rest
     fi
  :: !armed_for_worker -> break
  od;
  unlock(WORKER);
#if DISTURBANCES || DEADLINES
  if // after a deadline; the library stores before it unlocks, here the store may come later
  :: late -> late = false; store_armed(false)
  :: else
  fi;
#endif
  goto pass;

stopped:
  assert(!waiting);
rest:
  skip
}
