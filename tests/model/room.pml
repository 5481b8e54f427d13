// SPDX-License-Identifier: MIT
// The protocol between a call that waits for room in its lane and the worker, with explicit store buffers.
//
//   caller: seen = wake_ups; wake_at = position; fence; check for room and for the end once more;
//           nothing? sleep while wake_ups is seen
//   worker: release (tail = position); if (position >= wake_at) wake
//           before each pass: fence; if (tail >= wake_at) wake
//   wake:   wake_at = never; wake_ups++; wake one sleeper
//   close:  closed = true; fence; wake
//
// Size: -DCAPACITY=1..3 records, -DRECORDS=1..6 of the caller, -DROOM=1..CAPACITY records for which the caller waits,
//       -DCLOSES=0..1, -DDISTURBANCES=n: at most n sleeps end by a deadline or a signal,
//       -DHANGS: there is no worker, as if it hangs in a sink; only the close ends the wait.
// Negative controls, which the checker must refute: -DBROKEN_*, see run.sh.
// README.md describes what this proves, and what it does not.

#ifndef CAPACITY
#define CAPACITY 2
#endif
#ifndef RECORDS
#define RECORDS 5
#endif
#ifndef ROOM
#define ROOM 1
#endif
#ifndef CLOSES
#define CLOSES 0
#endif
#ifndef DISTURBANCES
#define DISTURBANCES 0
#endif
#define NEVER 255

// --- memory: what every processor can see ------------------------------------------------------------------

byte head;            // records published
byte tail;            // records released
byte wake_at = NEVER; // the position for which the caller waits
byte wake_ups;        // counts; the caller sleeps on it
bool closed;
bool sleeping; // the caller is inside the kernel's wait

// --- store buffers: in order, and written to memory at any later time --------------------------------------

#define CALLER 0
#define WORKER 1
#define CLOSER 2
mtype = { HEAD, TAIL, WAKE_AT, CLOSED };
chan store_buffer[3] = [4] of { mtype, byte };
#define drained(p) (len(store_buffer[p]) == 0)
inline fence(p) { drained(p) }

byte caller_wake_at = NEVER;
byte disturbances = DISTURBANCES;

active proctype memory() {
  byte value;
end:
  do
  :: d_step { store_buffer[CALLER]?HEAD(value) -> head = value }
  :: d_step { store_buffer[CALLER]?WAKE_AT(value) -> wake_at = value }
  :: d_step { store_buffer[WORKER]?TAIL(value) -> tail = value }
  :: d_step { store_buffer[WORKER]?WAKE_AT(value) -> wake_at = value }
#if CLOSES
  :: d_step { store_buffer[CLOSER]?CLOSED(value) -> closed = value }
  :: d_step { store_buffer[CLOSER]?WAKE_AT(value) -> wake_at = value }
#endif
  od
}

// wake_ups++ is a locked instruction: its processor's stores first, then load and store in one step.
inline wake(me) {
#ifdef BROKEN_COUNT_FIRST
  d_step { drained(me) -> wake_ups++ };
  store_buffer[me]!WAKE_AT(NEVER);
#else
  store_buffer[me]!WAKE_AT(NEVER);
#ifndef BROKEN_NO_COUNT
  d_step { drained(me) -> wake_ups++ };
#endif
#endif
  sleeping = false // no effect if the caller does not sleep
}

// --- the caller, which owns the lane -----------------------------------------------------------------------

active proctype caller() {
  byte sent = 0;
  byte seen;
  bool has_room;
next:
  if
  :: sent == RECORDS -> goto done
  :: sent < RECORDS && tail + CAPACITY > sent -> goto publish
  :: sent < RECORDS && tail + CAPACITY <= sent
  fi;
wait:
#ifndef BROKEN_LATE_COUNT
  seen = wake_ups;
#endif
  store_buffer[CALLER]!WAKE_AT(sent + ROOM - CAPACITY);
#ifndef BROKEN_NO_FENCE
  fence(CALLER);
#endif
#ifndef BROKEN_NO_RECHECK
  has_room = (tail + CAPACITY > sent);
  if
  :: has_room -> store_buffer[CALLER]!WAKE_AT(NEVER); goto publish
  :: !has_room && closed -> store_buffer[CALLER]!WAKE_AT(NEVER); goto done
  :: else
  fi;
#endif
#ifdef BROKEN_LATE_COUNT
  seen = wake_ups;
#endif
  // The kernel compares and begins to wait in one step; its lock is a fence.
  if
  :: atomic { drained(CALLER) && wake_ups == seen -> sleeping = true };
     if
     :: !sleeping
     :: d_step { sleeping && disturbances > 0 -> disturbances--; sleeping = false }
     fi
  :: drained(CALLER) && wake_ups != seen
  fi;
  goto wait;
publish:
  sent++;
  store_buffer[CALLER]!HEAD(sent);
  goto next;
done:
  skip
}

// --- the worker --------------------------------------------------------------------------------------------
// That it sleeps and is woken by published records is the other model; here it waits until there are records.

#ifndef HANGS
active proctype worker() {
  byte at = 0;
  byte until;
pass:
#ifndef BROKEN_NO_PASS_CHECK
  fence(WORKER);
  if
  :: at >= wake_at -> wake(WORKER)
  :: else
  fi;
#endif
  until = head;
  if
  :: at < until -> skip
  :: else ->
end: head != at -> goto pass
  fi;
  do
  :: at < until ->
     at++;
     if // not every record is released at once
     :: at < until -> skip
     :: store_buffer[WORKER]!TAIL(at);
        if
        :: at >= wake_at -> wake(WORKER)
        :: else
        fi
     fi
  :: at == until -> goto pass
  od
}

#endif

#if CLOSES
active proctype closer() {
  store_buffer[CLOSER]!CLOSED(true);
  fence(CLOSER);
#ifndef BROKEN_CLOSE
  wake(CLOSER)
#endif
}
#endif
