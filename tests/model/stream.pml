/* stream.pml - one session of one stream: the tail in the store (A), lingering memory and re-opening (B).
 *
 * Two servers, two clients, a linearizable store whose transactions may be repeated late, a backend.
 * One nibble is one byte unit. Client c sends c*4+i+1 at offset i: a string shows who sent each unit and where.
 * A part has at least MIN units (the last one may be shorter); a shorter rest is kept in the store as the tail.
 * Late UploadParts need no process: binding one number to two strings is an error at once (bad = 3).
 *
 * Switches. The design is the default; each other value is a broken variant.
 *   GUARD     2: a ledger or tail write compares (epoch, next sequence, committed size); a repeat that finds its own
 *                result is a success without effect. 1: sequence and length only. 0: the epoch only (blind put)
 *   TFENCE    0: the tail is written without comparing the epoch
 *   TSEP      1: the tail is removed before the row is committed; 2: after it, in a transaction of its own
 *   TLOAD     0: a takeover does not read the tail
 *   TINCL     0: the next part starts behind the tail, its row replaces the tail
 *   RECHECK   1: re-opening in process compares its own fence in the store; where it is not current any more, the open is
 *                a claim. 0: trusts the memory
 *   RAISE     1: re-opening in process raises the epoch, in the transaction of the compare, and keeps the reservation;
 *                0: leaves it
 *   LATEOPEN  1: an open may arrive late. It carries the last epoch its client saw (expect_epoch): a higher one in the
 *                store must refuse it once a later open of that client was answered (bad = 6)
 *   PROMISE   1: the client drops what lies below resume_offset
 *   BADSTART  1: another server starts at the old owner's resume_offset
 *   RENUM     1: re-opening in process with the memory dropped starts again behind the last recorded number
 *   SHARED    1: the owner compares its next number with the store's reservation instead of its own copy
 *   EVIL      1: the second client sends other bytes.   OBS 1: GetSession reads the store at any time
 */
#ifndef GUARD
#define GUARD 2
#endif
#ifndef TFENCE
#define TFENCE 1
#endif
#ifndef TSEP
#define TSEP 0
#endif
#ifndef TLOAD
#define TLOAD 1
#endif
#ifndef TINCL
#define TINCL 1
#endif
#ifndef RECHECK
#define RECHECK 1
#endif
#ifndef RAISE
#define RAISE 1
#endif
#ifndef LATEOPEN
#define LATEOPEN 0
#endif
#ifndef PROMISE
#define PROMISE 0
#endif
#ifndef BADSTART
#define BADSTART 0
#endif
#ifndef RENUM
#define RENUM 0
#endif
#ifndef SHARED
#define SHARED 0
#endif
#ifndef EVIL
#define EVIL 1
#endif
#ifndef OBS
#define OBS 1
#endif
#ifndef DELAY
#define DELAY 1     /* store transactions may arrive (again) late */
#endif
#ifndef N
#define N 3
#endif
#ifndef MIN
#define MIN 2
#endif
#ifndef OPENS
#define OPENS 4     /* opens of all clients together */
#endif
#ifndef CRASHES
#define CRASHES 1   /* crash, or the end of lingering */
#endif
#ifndef GOAL
#define GOAL 0
#endif
#define MAXNO 12
#define LEN(x)   ((x) == 0 -> 0 : ((x) < 16 -> 1 : ((x) < 256 -> 2 : ((x) < 4096 -> 3 : 4))))
#define CAT(a,b) (((a) << (4 * LEN(b))) | (b))
#define NIB(x,n,i)  (((x) >> (4 * ((n) - 1 - (i)))) & 15)
#define POS(x,n,i)  ((n) <= (i) || ((NIB(x,n,i) - 1) % 4) == (i))
#define CONTIG(x,n) (POS(x,n,0) && POS(x,n,1) && POS(x,n,2) && POS(x,n,3))

/* ---- store ---- */
byte epoch, st;                  /* st: 0 open, 1 sealed, 2 done */
byte rn, rno[4]; int rows, tail; /* ledger: count, numbers, all bytes of the rows; tail: bytes behind them */
byte hwm;                        /* reserved: highest number an owner may have sent */
int content; byte clen;          /* = rows + tail, its length = the committed size */
/* a row and a tail transaction that may still arrive */
bool dr; byte dr_ep, dr_seq, dr_com, dr_no; int dr_val;
bool dt; byte dt_ep, dt_seq, dt_com; int dt_val;
/* ---- backend ---- */
int bound[MAXNO];                /* number -> the bytes it was ever sent with */
int obj;
/* ---- servers: memory ---- */
bool own[2], fin[2]; byte me[2], nx[2], hi[2], orn[2], strm[2], pno[2], com[2];
int orows[2], otail[2], buf[2], pval[2];   /* rows and tail as the owner knows them; not yet cut; in flight */
/* ---- clients ---- */
byte con[2], off[2], kept[2]; bool done[2];
#if LATEOPEN
byte seen[2];                    /* the last epoch that an answered open told */
bool lo, lo_old; byte lo_c, lo_ep;   /* an open under way; whether a later one of its client was answered meanwhile */
#endif
/* ---- bookkeeping ---- */
byte opens, crashes, bad, acklen; int ackstr; bool res;
bool g_tail0, g_tailn, g_keep, g_drop, g_move, g_last;

inline ack(n, x) {   /* somebody learns that n units are durable; the owner means the bytes x */
  if
  :: LEN(x) != n -> bad = 5
  :: LEN(x) == n && n > acklen -> if :: (x >> (4 * (n - acklen))) != ackstr -> bad = 2 :: else -> ackstr = x; acklen = n fi
  :: else -> if :: (ackstr >> (4 * (acklen - n))) != x -> bad = 2 :: else fi
  fi
}
inline tell(c, n) { if :: n < kept[c] -> bad = 4 :: else -> kept[c] = n fi }   /* rule 7, as the client sees it */
inline forget(s) {
  if :: strm[s] != 0 && con[strm[s]-1] == s+1 -> con[strm[s]-1] = 0; off[strm[s]-1] = 0 :: else fi;
  own[s] = 0; fin[s] = 0; me[s] = 0; nx[s] = 0; hi[s] = 0; orn[s] = 0; strm[s] = 0; pno[s] = 0; com[s] = 0;
  orows[s] = 0; otail[s] = 0; buf[s] = 0; pval[s] = 0
}
inline recount() { content = CAT(rows, tail); clen = LEN(rows) + LEN(tail) }
inline put_row(ep, seq, cm, no, val) {
  if
  :: epoch != ep || st != 0 -> res = 0
  :: else -> res = 1;
     if
     :: GUARD != 0 && rn > seq -> res = (rno[seq] == no)                     /* a repeat: no effect */
     :: GUARD == 2 && rn == seq && clen != cm -> res = 0
     :: GUARD != 0 && rn < seq -> res = 0
     :: GUARD == 0 && rn > seq ->                                            /* blind put of the last row */
        rows = CAT((rows >> (4 * LEN(val))), val); rno[seq] = no; tail = 0
     :: else -> rows = CAT(rows, val); rno[seq] = no; rn = seq + 1;
        if :: TSEP == 2 -> skip :: else -> if :: tail != 0 && !g_tail0 && LEN(rows) == LEN(val) -> g_tail0 = 1 :: else fi; tail = 0 fi;
        if :: hwm < no + 1 -> hwm = no + 1 :: else fi
     fi; recount()
  fi
}
inline put_tail(ep, seq, cm, val) {
  if
  :: TFENCE && (epoch != ep || st != 0) -> res = 0
  :: else -> res = 1;
     if
     :: GUARD == 2 && !(rn == seq && clen == cm) -> res = (rn == seq && tail == val)
     :: GUARD == 1 && rn != seq -> res = 0
     :: GUARD == 1 && rn == seq && LEN(val) <= LEN(tail) -> skip
     :: else -> tail = val; if :: rn > 0 -> g_tailn = 1 :: else fi
     fi; recount()
  fi
}
inline open(c, s) {
  opens++;
  if :: own[s] && RECHECK && epoch != me[s] -> forget(s) :: else fi;
  if
  :: own[s] -> if :: RAISE -> epoch++; me[s] = epoch :: else fi;              /* in process: no claim, no numbers */
     if
     :: g_keep = 1
     :: buf[s] = otail[s]; pval[s] = 0; pno[s] = 0; fin[s] = 0; g_drop = 1;  /* other bytes may come: the numbers sent are dead */
        if :: RENUM -> nx[s] = (orn[s] == 0 -> 1 : rno[orn[s]-1] + 1) :: else fi
     fi
  :: else -> if :: epoch > 0 && own[1-s] -> g_move = 1 :: else fi;           /* claim */
     epoch++; own[s] = 1; me[s] = epoch; orn[s] = rn; orows[s] = rows;
     otail[s] = tail; if :: TLOAD -> buf[s] = tail :: else orows[s] = content; otail[s] = 0 fi;
     nx[s] = hwm + 1; hwm = hwm + 1; hi[s] = hwm; com[s] = clen
  fi;
  if :: strm[s] != 0 && con[strm[s]-1] == s+1 -> con[strm[s]-1] = 0; off[strm[s]-1] = 0 :: else fi;
  ack(com[s], CAT(orows[s], otail[s])); tell(c, com[s]);
#if LATEOPEN
  seen[c] = epoch; if :: lo && lo_c == c -> lo_old = 1 :: else fi;
#endif
  if
  :: st == 2 -> done[c] = 1; forget(s)
  :: else -> strm[s] = c + 1; con[c] = s + 1;
     off[c] = LEN(orows[s]) + LEN(pval[s]) + LEN(buf[s]);
     if :: BADSTART && own[1-s] && off[c] < LEN(orows[1-s]) + LEN(pval[1-s]) + LEN(buf[1-s]) ->
           off[c] = LEN(orows[1-s]) + LEN(pval[1-s]) + LEN(buf[1-s]) :: else fi;
     if :: off[c] < kept[c] -> bad = 1 :: else fi;                           /* asked for bytes it may have dropped */
     if :: PROMISE -> kept[c] = off[c] :: else fi
  fi
}
proctype Client(byte c) {
end: do
  :: atomic { con[c] == 0 && !done[c] && opens < OPENS -> open(c, 0) }
  :: atomic { con[c] == 0 && !done[c] && opens < OPENS -> open(c, 1) }
  :: atomic { con[c] != 0 && off[c] < N ->                                   /* a chunk */
       buf[con[c]-1] = (buf[con[c]-1] << 4) | ((EVIL -> c * 4 : 0) + off[c] + 1); off[c]++ }
  :: atomic { con[c] != 0 && off[c] == N && !fin[con[c]-1] -> fin[con[c]-1] = 1 }
  :: atomic { con[c] != 0 && opens < OPENS -> strm[con[c]-1] = 0; con[c] = 0; off[c] = 0 }   /* the stream is lost */
  :: atomic { OBS && acklen < clen -> ack(clen, content) }                   /* GetSession */
#if LATEOPEN
  :: atomic { !lo && con[c] == 0 && seen[c] != 0 && opens < OPENS -> lo = 1; lo_c = c; lo_ep = seen[c] }   /* sent; no answer */
#endif
  od
}
inline progress(s) {
  ack(com[s], CAT(orows[s], otail[s]));
  if :: strm[s] != 0 -> tell(strm[s]-1, com[s]) :: else fi
}
proctype Server(byte s) {
end: do
  :: atomic { own[s] && pval[s] == 0 && buf[s] != 0 && (LEN(buf[s]) >= MIN || fin[s]) && nx[s] <= (SHARED -> hwm : hi[s]) && nx[s] < MAXNO ->
       pno[s] = nx[s]; nx[s]++; pval[s] = buf[s]; buf[s] = 0;                /* cut and send */
       if :: !TINCL && LEN(pval[s]) > LEN(otail[s]) -> pval[s] = pval[s] & ((1 << (4 * (LEN(pval[s]) - LEN(otail[s])))) - 1) :: else fi;
       if :: bound[pno[s]] != 0 && bound[pno[s]] != pval[s] -> bad = 3 :: else -> bound[pno[s]] = pval[s] fi }
  :: atomic { own[s] && nx[s] > hi[s] && pval[s] == 0 && LEN(orows[s]) < N ->  /* extend the reservation */
       if :: epoch == me[s] && st == 0 -> hi[s]++; if :: hwm < hi[s] -> hwm = hi[s] :: else fi :: else -> forget(s) fi }
  :: atomic { TSEP == 1 && pval[s] != 0 && tail != 0 && epoch == me[s] -> tail = 0; recount() }
  :: atomic { TSEP == 2 && own[s] && rn > 0 && tail != 0 && epoch == me[s] -> tail = 0; recount() }
  :: atomic { own[s] && pval[s] != 0 ->                                      /* part stored: commit, then acknowledge */
       put_row(me[s], orn[s], com[s], pno[s], pval[s]);
       if
       :: res -> orn[s]++; orows[s] = CAT(orows[s], pval[s]); otail[s] = 0; com[s] = LEN(orows[s]);
          if :: hi[s] < pno[s] + 1 -> hi[s] = pno[s] + 1 :: else fi;
          pval[s] = 0; pno[s] = 0; progress(s)
       :: else -> forget(s)
       fi; res = 0 }
  :: atomic { DELAY && own[s] && pval[s] != 0 && !dr ->                      /* the same, no answer: it may arrive later */
       dr = 1; dr_ep = me[s]; dr_seq = orn[s]; dr_com = com[s]; dr_no = pno[s]; dr_val = pval[s] }
  :: atomic { own[s] && pval[s] == 0 && LEN(buf[s]) < MIN && LEN(buf[s]) > LEN(otail[s]) ->   /* flush, drain, pressure */
       put_tail(me[s], orn[s], com[s], buf[s]);
       if
       :: res -> otail[s] = buf[s]; com[s] = LEN(orows[s]) + LEN(otail[s]); progress(s)
       :: else -> forget(s)
       fi; res = 0 }
  :: atomic { DELAY && own[s] && pval[s] == 0 && LEN(buf[s]) < MIN && LEN(buf[s]) > LEN(otail[s]) && !dt ->
       dt = 1; dt_ep = me[s]; dt_seq = orn[s]; dt_com = com[s]; dt_val = buf[s] }
  :: atomic { own[s] && fin[s] && pval[s] == 0 && buf[s] == 0 && LEN(orows[s]) == N && st == 0 ->   /* seal */
       if :: epoch == me[s] && rn == orn[s] -> st = 1; if :: g_tailn -> g_last = 1 :: else fi :: else -> forget(s) fi }
  :: atomic { own[s] && epoch == me[s] && st == 1 -> obj = rows; st = 2; if :: strm[s] != 0 -> done[strm[s]-1] = 1 :: else fi; forget(s) }
  :: atomic { own[s] && crashes < CRASHES -> crashes++; forget(s) }
  od
}
proctype Late() {   /* a store transaction arrives (again) */
end: do
  :: atomic { dr -> put_row(dr_ep, dr_seq, dr_com, dr_no, dr_val); res = 0; dr = 0; dr_ep = 0; dr_seq = 0; dr_com = 0; dr_no = 0; dr_val = 0 }
  :: atomic { dt -> put_tail(dt_ep, dt_seq, dt_com, dt_val); res = 0; dt = 0; dt_ep = 0; dt_seq = 0; dt_com = 0; dt_val = 0 }
#if LATEOPEN
  :: atomic { lo -> if :: lo_old && epoch <= lo_ep -> bad = 6 :: else fi; lo = 0; lo_old = 0; lo_c = 0; lo_ep = 0 }
#endif
  od
}
init { atomic { run Client(0); run Client(1); run Server(0); run Server(1); run Late() } }

#if GOAL == 1
never { do :: st == 2 && done[0] && g_tail0 && g_last -> break :: else od }
#elif GOAL == 2
never { do :: st == 2 && done[0] && g_keep && g_drop && g_move && g_tail0 -> break :: else od }
#else
never {
  do
  :: bad != 0 -> break                                                       /* 1..6, see above */
  :: st < 2 && (acklen > clen || (content >> (4 * (clen - acklen))) != ackstr) -> break    /* acknowledged, not kept */
  :: !CONTIG(content, clen) -> break
  :: st == 2 && (obj != content || clen != N || (obj >> (4 * (N - acklen))) != ackstr) -> break
  :: else
  od
}
#endif
