// SPDX-License-Identifier: MIT
// One lane, its wake-ups and its waiting for room in the memory model of C++, which Arm and POWER need: no store buffers, but
// views. Each store to an atomic variable adds a message, which carries what its thread knew if it is a release. A load may
// take any message that is not older than what its thread knows. An acquire load learns what the message carries; a relaxed
// one learns it at the next fence. A sequentially consistent fence learns what the fences before it knew. Loads do not take
// values of stores that are executed later.
//
// Policy: one of -DFENCE and -DASYMMETRIC. Size: -DCAPACITY, -DRECORDS. Negative controls: -DBROKEN_*, see run.sh.
#if defined(FENCE) == defined(ASYMMETRIC)
#error "choose one policy: -DFENCE or -DASYMMETRIC"
#endif
#ifndef CAPACITY
#define CAPACITY 1
#endif
#ifndef RECORDS
#define RECORDS 2
#endif

#define PRODUCER 0
#define WORKER   1

// What a thread may know: the newest message of each variable, how many records were written to the lane's memory, and how
// many were read there. These two are not atomic: whoever uses that memory must know of the other's last use, or it is a data race.
#define HEAD    0
#define TAIL    1
#define ARMED   2
#define WAKE_AT 3
#define WRITTEN 4
#define READ    5
#define KINDS   6
typedef view { byte at[KINDS] }
view knows[2];   // by acquire loads and fences
view pending[2]; // by relaxed loads since the last fence
view fenced[2];  // at the last fence: what a relaxed store carries
view fences;     // what all sequentially consistent fences knew

// The messages of each variable, from the first, in the order in which the stores are executed. Message n of the head and of
// the tail is the number n.
#define MESSAGES 14
#define NEVER    255
typedef variable { byte count = 1; view carried[MESSAGES] }
variable var[WRITTEN];
bool armed[MESSAGES];
byte wake_at[MESSAGES] = NEVER;

byte wake_ups;        // compared by the kernel when the producer falls asleep
bool is_woken;        // the worker was notified; wakeup.pml models the mutex and the condition variable
bool has_ended;       // the producer
byte done;            // records that the worker consumed
byte k;               // index of the inlines

inline learn(to, from) {
  k = 0;
  do
  :: k < KINDS -> if :: to.at[k] < from.at[k] -> to.at[k] = from.at[k] :: else fi; k++
  :: else -> break
  od;
  k = 0
}
inline full_fence(me) {
  d_step {
    learn(knows[me], pending[me]);
    learn(knows[me], fences);
    learn(fences, knows[me]);
    learn(fenced[me], knows[me])
  }
}
// Chooses a message that the thread may take.
inline choose(me, what) {
  n = knows[me].at[what];
  do
  :: n + 1 < var[what].count -> n++
  :: break
  od;
  skip // no jump into the step that follows
}
inline acquire(me, what) {
  choose(me, what);
  d_step { knows[me].at[what] = n; learn(knows[me], var[what].carried[n]) }
}
inline relaxed(me, what) {
  choose(me, what);
  d_step { knows[me].at[what] = n; learn(pending[me], var[what].carried[n]) }
}
#define new_message(what) var[what].count
inline add_message(me, what, carries) {
  knows[me].at[what] = var[what].count;
  learn(var[what].carried[var[what].count], carries);
  var[what].carried[var[what].count].at[what] = var[what].count;
  var[what].count++
}
inline store_release(me, what) { d_step { add_message(me, what, knows[me]) } }
inline store_relaxed(me, what) { d_step { add_message(me, what, fenced[me]) } }

#ifdef BROKEN_PUBLISH
#define publish store_relaxed
#else
#define publish store_release
#endif
#ifdef BROKEN_TAKE
#define take relaxed
#else
#define take acquire
#endif
#ifdef BROKEN_RELEASE
#define release store_relaxed
#else
#define release store_release
#endif
#ifdef BROKEN_ROOM
#define look_for_room relaxed
#else
#define look_for_room acquire
#endif

active proctype producer() {
  byte n;
  byte i;
  byte seen;
  do
  :: i == RECORDS -> break
  :: i < RECORDS ->
room:
     atomic { look_for_room(PRODUCER, TAIL) };
     if
     :: i >= n + CAPACITY ->
        seen = wake_ups;
        atomic { wake_at[new_message(WAKE_AT)] = i + 1 - CAPACITY; store_relaxed(PRODUCER, WAKE_AT) };
#ifndef BROKEN_ROOM_FENCE
        full_fence(PRODUCER);
#endif
        atomic { look_for_room(PRODUCER, TAIL) };
        if
        :: i >= n + CAPACITY -> wake_ups != seen; goto room
        :: else -> atomic { wake_at[new_message(WAKE_AT)] = NEVER; store_relaxed(PRODUCER, WAKE_AT) }
        fi
     :: else
     fi;
     d_step {
       assert(i < CAPACITY || knows[PRODUCER].at[READ] + CAPACITY > i);
       i++;
       knows[PRODUCER].at[WRITTEN] = i
     };
     publish(PRODUCER, HEAD);
#if defined(FENCE) && !defined(BROKEN_FENCE)
     full_fence(PRODUCER);
#endif
     atomic { relaxed(PRODUCER, ARMED) };
     if
     :: armed[n] ->
        d_step { // the exchange takes the newest message
          n = new_message(ARMED) - 1;
          learn(knows[PRODUCER], var[ARMED].carried[n]);
          is_woken = is_woken || armed[n];
          add_message(PRODUCER, ARMED, knows[PRODUCER])
        }
     :: else
     fi
  od;
  has_ended = true
}

inline wake_if_reached() {
  atomic { relaxed(WORKER, WAKE_AT) };
  if
  :: done >= wake_at[n] ->
     atomic { wake_at[new_message(WAKE_AT)] = NEVER; store_relaxed(WORKER, WAKE_AT) };
     wake_ups++
  :: else
  fi
}

active proctype worker() {
  byte n;
  byte published;
pass:
#ifndef BROKEN_PASS_FENCE
  full_fence(WORKER);
#endif
  wake_if_reached();
  atomic { take(WORKER, HEAD); published = n };
  if
  :: published > done ->
     do
     :: done < published -> d_step {
          assert(knows[WORKER].at[WRITTEN] > done);
          done++;
          knows[WORKER].at[READ] = done
        };
        release(WORKER, TAIL)
     :: else -> break
     od;
     wake_if_reached();
     goto pass
  :: else
  fi;
  atomic { assert(new_message(ARMED) + 2 < MESSAGES && new_message(WAKE_AT) + 3 < MESSAGES); armed[new_message(ARMED)] = true; store_release(WORKER, ARMED) };
  full_fence(WORKER);
#ifdef ASYMMETRIC
#ifndef BROKEN_FENCE
  full_fence(PRODUCER); // membarrier, at any point between the producer's steps
#endif
  full_fence(WORKER);
#endif
  atomic { acquire(WORKER, HEAD) };
  if
  :: n > done -> store_relaxed(WORKER, ARMED); goto pass
  :: else
  fi;
  if
  :: d_step { is_woken -> is_woken = false }; goto pass
  :: has_ended && done == RECORDS && !is_woken // it sleeps for good
  fi
}
