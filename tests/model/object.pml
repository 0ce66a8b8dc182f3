/* object.pml - publishing one object: the short way (C), what a finished session answers (D), and expiry.
 *
 * Each Stream is one call of PutObject with the same token, on a server of its own; it may stop for ever at any step
 * (crash, lost reply) or go on very late (zombie): nothing else is needed for "late" requests. Contents are ids
 * (standing for size + CRC-64); a foreign writer overwrites or deletes the object.
 *
 * Switches. The design is the default; each other value is a broken variant.
 *   FORBID    1: create-only.          EVIL 1: clients of the token send different bytes
 *   MARKCHK   2: "already exists" is success if session mark, size and CRC are ours; 1: mark only; 0: always
 *   INSERT    1: the short way writes its result only where no record is; 0: puts it over whatever is there
 *   ADOPTOPEN 1: the short way finishes the open session of another stream with its own result
 *   SMALLSEAL 1: where a record exists, finish seals (with the bytes in the store) before PutObject; 0: PutObject first
 *   WAITAGE   2: START_OVER waits until no request of the earlier incarnation can still be valid, and a small PUT is
 *                signed before the store is asked whether the token is still free (or ours); 1: asks, then signs;
 *                3: waits, does not ask; 0: neither
 *   INCFENCE  1: the epoch goes on over incarnations; 0: START_OVER begins at epoch 1 again, nothing else is compared
 *   SOCAS     1: START_OVER compares the epoch that it looked under; 0: begins anew whatever happened since
 *   MARKINC   1: the session mark names the incarnation
 *   DONEFENCE 1: the result is recorded under the fence; 0: state only
 *   REAP      0: no reaper. 1: it expires what it saw idle by comparing state, epoch and committed size and raising the
 *                epoch, in one transaction, then aborts the upload that it expired; 2: compares the state only;
 *                3: aborts the upload that the record names when it gets to it; 4: does not compare the committed size
 */
#ifndef FORBID
#define FORBID 0
#endif
#ifndef EVIL
#define EVIL 0
#endif
#ifndef MARKCHK
#define MARKCHK 2
#endif
#ifndef INSERT
#define INSERT 1
#endif
#ifndef ADOPTOPEN
#define ADOPTOPEN 0
#endif
#ifndef SMALLSEAL
#define SMALLSEAL 1
#endif
#ifndef WAITAGE
#define WAITAGE 2
#endif
#ifndef INCFENCE
#define INCFENCE 1
#endif
#ifndef SOCAS
#define SOCAS 1
#endif
#ifndef MARKINC
#define MARKINC 1
#endif
#ifndef DONEFENCE
#define DONEFENCE 1
#endif
#ifndef REAP
#define REAP 0
#endif
#ifndef FOREIGN
#define FOREIGN 2
#endif
#ifndef SMALL
#define SMALL 2   /* 0: all streams multipart, 1: all small, 2: each chooses */
#endif
#ifndef RECFIRST
#define RECFIRST 0 /* 1: every session has a record before its finish (a tail was stored) */
#endif
#ifndef P3
#define P3 CURRENT /* policy of the third stream */
#endif
#ifndef GOAL
#define GOAL 0
#endif
#define REPLAY 0
#define CURRENT 1
#define STARTOVER 2
#define NONE 0
#define OPEN 1
#define SEALED 2
#define DONE 3
#define FAILED 4
#define EXPIRED 5
#define INCS 5
#define UPS 6
#define MARK(i) (MARKINC * (i) + 1 - MARKINC)
#define SRC(i) (EVIL * (c) + (1 - EVIL) * (i))   /* what this client sends: honest clients of one incarnation agree */
#define MINE ((my == 0 && rs == NONE) || (my != 0 && FENCED(my) && (rs == OPEN || rs == SEALED)))
#define FENCED(e) (ep == (e))
#define ENDED (rs == DONE || (REAP && rs == EXPIRED))

/* ---- store: the record of the token ---- */
byte rs, ep, inc, up, led, ledno, rc;   /* led: committed content (one part or the tail); rc: result */
/* ---- backend ---- */
byte om, oc;                            /* object: session mark (9 foreign, 0 no object), content */
byte nu; bool alive[UPS]; byte pc[48];  /* uploads; pc[8*u + number] */
byte clock;                             /* a request signed before the last START_OVER's wait is refused by now */
/* ---- bookkeeping ---- */
byte bad, ackc[INCS], result[INCS], foreign; byte pub[INCS];
bool dirty; byte exp_m, exp_c;                      /* what was reported last, until somebody else writes */
#if REAP
bool back, g_reaped;                    /* back: a claim, a commit or a new life since the reaper looked */
#define TOUCH back = 1
#else
#define TOUCH skip
#endif
bool g_small, g_multi, g_over, g_exists, g_zombie;

inline publish(i, x) { om = MARK(i); oc = x; dirty = 0; pub[i] = pub[i] | (1 << x) }
inline report(i, x, wrote) {            /* "finished": the object is x */
  if :: !(pub[i] & (1 << x)) -> bad = 1 :: else fi;                     /* we never published that */
  if :: wrote && x != SRC(i) -> bad = 2 :: else fi;            /* not what this client sent */
  if :: result[i] != 0 && result[i] != x -> bad = 3 :: else -> result[i] = x fi;   /* two answers */
  if :: wrote && i == inc -> exp_m = MARK(i); exp_c = x; if :: dirty -> exp_m = 0 :: else fi :: else fi
}
inline acknowledge(i, x) { TOUCH; if :: i != inc || (ackc[i] != 0 && ackc[i] != x) -> bad = 4 :: else -> ackc[i] = x fi }

proctype Stream(byte c; byte policy) {
  byte my, mi, u, x, no, sig; bool there, small, sealed;
  /* open: a claim, or a read of a finished record */
  atomic {
    small = (SMALL == 1); if :: SMALL == 2 -> if :: small = 1 :: small = 0 fi :: else fi;
    if
    :: rs == NONE -> mi = 1
    :: rs == OPEN || rs == SEALED -> ep++; my = ep; mi = inc; u = up; sealed = (rs == SEALED);
       TOUCH; if :: led != 0 -> acknowledge(mi, led) :: else fi
    :: rs == DONE -> my = ep; mi = inc; x = rc;
       if :: policy == REPLAY -> report(mi, x, 0); goto out :: else -> goto look fi
    :: rs == FAILED -> goto out
#if REAP
    :: rs == EXPIRED -> my = ep; mi = inc;
       if :: policy == STARTOVER -> goto over :: else -> goto out fi
#endif
    fi
  }
  if :: sealed || (my != 0 && led != 0) -> goto seal :: !(sealed || (my != 0 && led != 0)) && small -> goto quick :: else -> goto multi fi;

look: atomic { /* HEAD */ if :: om == MARK(mi) && oc == x -> report(mi, x, 0); goto out :: policy == CURRENT && !(om == MARK(mi) && oc == x) -> goto out :: else fi }
over: atomic { /* START_OVER: a new incarnation */
    if
    :: (SOCAS && !(ENDED && inc == mi && FENCED(my))) || inc + 1 >= INCS -> goto out
    :: else -> inc++; mi = inc; ep = (INCFENCE -> ep + 1 : 1); my = ep; rs = OPEN; up = 0; led = 0; ledno = 0; rc = 0; u = 0; x = 0; clock++; exp_m = 0; g_over = 1; TOUCH
    fi }
  if :: small -> goto quick :: else -> goto multi fi;

quick: /* finish came before the first part was cut */
  x = SRC(mi);
  if :: RECFIRST && my == 0 -> atomic { if :: rs == NONE -> rs = OPEN; inc = mi; ep = 1; my = 1 :: else -> goto out fi } :: else fi;
  if
  :: SMALLSEAL && my != 0 -> atomic { if :: FENCED(my) && rs == OPEN && led == 0 && up == 0 -> led = x; rs = SEALED; acknowledge(mi, x) :: else -> goto out fi }
  :: else
  fi;
put: atomic { /* sign: the request is valid for a while from now */
    if :: WAITAGE == 1 && !MINE -> goto out :: else -> sig = clock fi }
  atomic { /* ask the store */
    if :: WAITAGE == 2 && !MINE -> goto out :: WAITAGE == 1 -> sig = clock :: else fi }
  atomic { /* PutObject */
    if
    :: WAITAGE && sig != clock -> goto out
    :: else -> if :: FORBID && om != 0 -> there = 1; g_exists = 1 :: else -> publish(mi, x); g_small = 1; if :: mi < inc -> g_zombie = 1 :: else fi fi
    fi }
  if
  :: there && MARKCHK != 0 -> atomic { /* HEAD */ if :: om == MARK(mi) && (oc == x || MARKCHK == 1) -> skip :: else -> goto fail fi }
  :: else
  fi;
  if :: my != 0 -> goto record :: else fi;
  atomic { /* record the result where no record is */
    if
    :: rs == NONE || !INSERT || (ADOPTOPEN && rs == OPEN) -> if :: rs == NONE -> ep = 1 :: else -> ep++ fi; rs = DONE; if :: mi < inc -> bad = 6 :: else -> inc = mi fi; rc = x; led = 0; up = 0; report(mi, x, 1)
    :: rs == DONE && inc == mi && rc == x && INSERT -> report(mi, x, 1)
    :: else                                          /* another stream has the session: ABORTED */
    fi }
  goto out;

multi:
  if :: my == 0 -> atomic { if :: rs == NONE -> rs = OPEN; inc = mi; ep = 1; my = 1 :: else -> goto out fi } :: else fi;
  if
  :: u == 0 -> atomic { if :: nu + 1 < UPS -> nu++; u = nu; alive[u] = 1 :: else -> goto out fi };   /* Initiate */
     atomic { if :: FENCED(my) && rs == OPEN && up == 0 -> up = u :: else -> alive[u] = 0; goto out fi }
  :: else
  fi;
  x = SRC(mi); no = my;
  atomic { /* UploadPart */ if :: alive[u] && no < 8 -> pc[8 * u + no] = x :: else -> goto out fi }
  atomic { /* commit and acknowledge */ if :: FENCED(my) && rs == OPEN && led == 0 -> led = x; ledno = no; acknowledge(mi, x) :: else -> goto out fi }
seal: atomic { if :: FENCED(my) && (rs == OPEN || rs == SEALED) && led != 0 -> rs = SEALED; x = led; no = ledno; u = up :: else -> goto out fi }
  if :: u == 0 -> goto put :: else fi;
  atomic { /* Complete; NoSuchUpload and 409 are for HEAD to decide */
    if
    :: !alive[u] -> there = 1
    :: alive[u] && FORBID && om != 0 -> there = 1; g_exists = 1
    :: alive[u] && !(FORBID && om != 0) -> if :: pc[8 * u + no] != x -> bad = 5 :: else -> publish(mi, x); alive[u] = 0; g_multi = 1; if :: mi < inc -> g_zombie = 1 :: else fi fi
    fi }
  if
  :: there -> atomic { if :: om == MARK(mi) && oc == x -> skip :: else -> goto fail fi }
  :: else
  fi;
record: atomic {
    if
    :: (rs == SEALED || (!SMALLSEAL && rs == OPEN)) && (!DONEFENCE || FENCED(my)) -> rs = DONE; rc = x; led = 0; up = 0;
       report(mi, x, (x == SRC(mi)))
    :: else
    fi }
  goto out;
fail: atomic { if :: my != 0 && FENCED(my) && rs == SEALED -> rs = FAILED :: else fi }
out: skip
}
proctype Foreign() {
  do
  :: atomic { foreign < FOREIGN && om != 0 -> foreign++; exp_m = 0; dirty = 1; om = 9; oc = 7 }
  :: atomic { foreign < FOREIGN && om != 0 -> foreign++; exp_m = 0; dirty = 1; om = 0; oc = 0 }
  :: atomic { foreign < FOREIGN && om == 0 && FORBID -> foreign++; om = 9; oc = 7; dirty = 1; exp_m = 0 }
  :: break
  od
}
#if REAP
proctype Reaper() {                     /* one round of it; only open sessions expire */
  byte my, l, u;
  atomic { if :: rs == OPEN -> my = ep; l = led; back = 0 :: rs != OPEN -> goto out fi }      /* looks: idle for long */
  atomic {
    if
    :: rs == OPEN && (REAP == 2 || FENCED(my)) && (REAP == 2 || REAP == 4 || led == l) ->
       u = up; rs = EXPIRED; ep++; led = 0; up = 0; if :: back -> bad = 7 :: else fi     /* it was not idle any more */
    :: else -> goto out
    fi }
  atomic { if :: REAP == 3 -> u = up :: else fi; if :: u != 0 -> alive[u] = 0; if :: inc > 1 -> g_reaped = 1 :: else fi :: else fi }
out: skip
}
#endif
init { atomic { run Stream(1, STARTOVER); run Stream(2, STARTOVER); run Stream(1, P3); run Foreign()
#if REAP
  ; run Reaper()
#endif
#ifdef FOUR
  ; run Stream(1, STARTOVER)
#endif
} }

#define KEPT(i) (ackc[i] == 0 || i < inc || (i == inc && (((rs == OPEN || rs == SEALED) && led == ackc[i]) || (rs == DONE && rc == ackc[i]) || rs == FAILED || (REAP && rs == EXPIRED))))
#if GOAL == 1
never { do :: g_small && g_multi && g_over && rs == DONE && inc == 2 && result[2] != 0 && result[1] != 0 -> break :: else od }
#elif GOAL == 2
never { do :: g_exists && g_small && rs == DONE && result[1] != 0 && om == MARK(1) -> break :: else od }
#elif GOAL == 3
never { do :: g_zombie && rs == DONE && inc == 2 && result[2] != 0 -> break :: else od }
#elif GOAL == 4
never { do :: g_reaped && rs == DONE && inc == 2 && result[2] != 0 && om == MARK(2) -> break :: else od }
#else
never {
  do
  :: bad != 0 -> break
#if REAP
  :: rs == OPEN && led != 0 && up != 0 && !alive[up] -> break                              /* acknowledged, upload aborted */
#endif
  :: !(KEPT(1) && KEPT(2) && KEPT(3)) -> break                                             /* acknowledged, lost */
  :: (rs == OPEN || rs == SEALED) && led != 0 && up != 0 && pc[8 * up + ledno] != led -> break   /* ledger without its part */
  :: rs == DONE && result[inc] != 0 && rc != result[inc] -> break                          /* the result changed */
  :: rs == DONE && !(pub[inc] & (1 << rc)) -> break
  :: (!EVIL || RECFIRST) && exp_m != 0 && (om != exp_m || oc != exp_c) -> break                          /* our own late request undid a success */
  :: else
  od
}
#endif
