// The least a durable relay can do; an empirical upper bound, not a gateway.
//
//   bare_relay LISTEN SINK LOGFILE [sync 1|0] [outgoing connections] [backlog]
//
// One epoll thread speaks SMTP on both sides with no checks at all; one thread appends every message of a batch to
// LOGFILE and syncs once (group commit). 250 is sent after the sync, the relaying starts then, and a done record goes
// into a later batch. SIGUSR1 prints the counters.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

struct conn;
struct msg {
  struct msg* next;
  struct conn* from;
  unsigned gen;
  size_t len;
  char* data;
};
struct list {
  struct msg *head, **tail;
  size_t n;
};
static void put(struct list* l, struct msg* m) {
  m->next = 0;
  *l->tail = m;
  l->tail = &m->next;
  l->n++;
}
static struct msg* take(struct list* l) {
  struct msg* m = l->head;
  if (m) {
    l->head = m->next;
    if (!l->head) l->tail = &l->head;
    l->n--;
  }
  return m;
}
static void join(struct list* a, struct list* b) {
  if (!b->head) return;
  *a->tail = b->head;
  a->tail = b->tail;
  a->n += b->n;
  b->head = 0;
  b->tail = &b->head;
  b->n = 0;
}
#define EMPTY(l) \
  { 0, &(l).head, 0 }

struct conn {
  int fd, out, data; /* out: outgoing side; data: inside DATA */
  int expect;        /* outgoing: replies still expected before the next step */
  int stage;         /* outgoing: 0 greeting, 1 EHLO, 2 idle, 3 envelope sent, 4 body sent */
  unsigned gen;
  size_t have, cap;
  char* buf;
  size_t woff, wlen;
  char* wbuf; /* body not yet written */
  struct msg* m;
  struct conn* next;
};

static struct list tolog = EMPTY(tolog), logged = EMPTY(logged), acks = EMPTY(acks), relay = EMPTY(relay);
static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cv = PTHREAD_COND_INITIALIZER;
static int ep, wake, logfd, dosync, sinkport;
static size_t backlog = 4000, inflight;
static struct conn *idle, *freed;
static unsigned long syncs, written, accepted, relayed, pending_done;

static void* logger(void* _) {
  (void)_;
  static char done[1 << 20];
  for (;;) {
    struct list batch = EMPTY(batch);
    pthread_mutex_lock(&mu);
    while (!tolog.head) pthread_cond_wait(&cv, &mu);
    join(&batch, &tolog);
    size_t d = pending_done * 16;
    pending_done = 0;
    pthread_mutex_unlock(&mu);
    struct iovec iov[512];
    int n = 0;
    if (d > sizeof done) d = sizeof done;
    if (d) iov[n++] = (struct iovec){done, d};
    for (struct msg* m = batch.head; m; m = m->next) {
      iov[n++] = (struct iovec){m->data, m->len};
      if (n == 512 || !m->next) {
        ssize_t w = writev(logfd, iov, n);
        if (w < 0) {
          perror("log");
          exit(1);
        }
        written += w;
        n = 0;
      }
    }
    if (dosync && fdatasync(logfd)) {
      perror("fdatasync");
      exit(1);
    }
    syncs++;
    pthread_mutex_lock(&mu);
    join(&logged, &batch);
    pthread_mutex_unlock(&mu);
    uint64_t one = 1;
    if (write(wake, &one, 8) != 8) exit(1);
  }
}

static void say(struct conn* c, const char* s, size_t n) {
  if (write(c->fd, s, n) < 0 && errno != EPIPE && errno != ECONNRESET) perror("write");
}
#define SAY(c, s) say(c, s, sizeof s - 1)

static void drop(struct conn* c) {
  close(c->fd);
  c->fd = -1;
  c->gen++;
  c->next = freed;
  freed = c;
}

static struct conn* fresh(int fd, int out) {
  struct conn* c = freed;
  if (c)
    freed = c->next;
  else {
    c = calloc(1, sizeof *c);
    c->cap = 1 << 16;
    c->buf = malloc(c->cap);
  }
  c->fd = fd;
  c->out = out;
  c->have = 0;
  c->data = 0;
  c->stage = 0;
  c->expect = 1;
  c->wlen = 0;
  c->m = 0;
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct epoll_event e = {EPOLLIN, {.ptr = c}};
  epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
  return c;
}

static void push(struct conn* c) { /* write the rest of the body */
  while (c->wlen) {
    ssize_t w = write(c->fd, c->wbuf + c->woff, c->wlen);
    struct epoll_event e = {EPOLLIN | EPOLLOUT, {.ptr = c}};
    if (w < 0) {
      epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
      return;
    }
    c->woff += w;
    c->wlen -= w;
    if (!c->wlen && c->woff != (size_t)w) {
      e.events = EPOLLIN;
      epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
    }
  }
}

static void feed(void) { /* give waiting messages to idle outgoing connections */
  while (idle && relay.head) {
    struct conn* c = idle;
    idle = c->next;
    c->m = take(&relay);
    c->stage = 3;
    c->expect = 3;
    SAY(c, "MAIL FROM:<from@source.test>\r\nRCPT TO:<to@sink.test>\r\nDATA\r\n");
  }
}

static void acknowledge(void) {
  while (acks.head && inflight < backlog) {
    struct msg* m = take(&acks);
    if (m->from->gen == m->gen) SAY(m->from, "250 2.0.0 Ok\r\n");
    inflight++;
    put(&relay, m);
  }
  feed();
}

static void outgoing(struct conn* c) {
  char *p = c->buf, *nl;
  while ((nl = memchr(p, '\n', c->buf + c->have - p))) {
    if (*p != '2' && *p != '3') {
      fprintf(stderr, "sink says %.*s\n", (int)(nl - p), p);
      exit(1);
    }
    if (nl - p < 4 || p[3] != '-') c->expect--;
    p = nl + 1;
    if (c->expect) continue;
    switch (c->stage) {
      case 0:
        c->stage = 1;
        c->expect = 1;
        SAY(c, "EHLO limit.test\r\n");
        break;
      case 3:
        c->stage = 4;
        c->expect = 1;
        c->wbuf = c->m->data;
        c->woff = 0;
        c->wlen = c->m->len;
        push(c);
        break;
      case 4:
        free(c->m->data);
        free(c->m);
        c->m = 0;
        relayed++;
        inflight--;
        pthread_mutex_lock(&mu);
        pending_done++;
        pthread_mutex_unlock(&mu); /* fall through */
      case 1:
        c->stage = 2;
        c->next = idle;
        idle = c;
        break;
    }
  }
  c->have -= p - c->buf;
  memmove(c->buf, p, c->have);
  acknowledge();
}

static void incoming(struct conn* c, size_t from) {
  char *p = c->buf, *end = c->buf + c->have, *nl;
  char ans[4096];
  size_t a = 0;
#define ANS(s) (memcpy(ans + a, s, sizeof s - 1), a += sizeof s - 1)
  for (;;) {
    if (c->data) {
      char* s = from > 4 ? c->buf + from - 4 : p; /* only new bytes can end it */
      if (s < p) s = p;
      char* dot = memmem(s, end - s, "\r\n.\r\n", 5);
      if (!dot) break;
      dot += 5;
      struct msg* m = malloc(sizeof *m);
      m->from = c;
      m->gen = c->gen;
      m->len = dot - p;
      m->data = malloc(m->len);
      memcpy(m->data, p, m->len);
      p = dot;
      c->data = 0;
      accepted++;
      pthread_mutex_lock(&mu);
      put(&tolog, m);
      pthread_cond_signal(&cv);
      pthread_mutex_unlock(&mu);
      from = p - c->buf;
      continue;
    }
    if (!(nl = memchr(p, '\n', end - p)) || a > 3800) break;
    switch (*p & ~32) {
      case 'E': ANS("250-limit.test\r\n250 PIPELINING\r\n"); break;
      case 'D':
        ANS("354 go\r\n");
        c->data = 1;
        break;
      case 'Q':
        SAY(c, "221 bye\r\n");
        drop(c);
        return;
      default: ANS("250 ok\r\n");
    }
    p = nl + 1;
    from = p - c->buf;
  }
  if (a) say(c, ans, a);
  c->have = end - p;
  if (p != c->buf) memmove(c->buf, p, c->have);
}

static void usr1(int _) {
  (void)_;
  char s[200];
  int n = snprintf(s, sizeof s, "accepted %lu relayed %lu syncs %lu bytes %lu\n", accepted, relayed, syncs, written);
  if (write(2, s, n) < 0) return;
}

static struct sockaddr_in at(int port) {
  return (struct sockaddr_in){
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int main(int argc, char** argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: limit LISTEN SINK LOGFILE [sync] [connections] [backlog]\n");
    return 2;
  }
  sinkport = atoi(argv[2]);
  dosync = argc > 4 ? atoi(argv[4]) : 1;
  int k = argc > 5 ? atoi(argv[5]) : 16;
  if (argc > 6) backlog = atoi(argv[6]);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGUSR1, usr1);
  logfd = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
  ep = epoll_create1(0);
  wake = eventfd(0, 0);
  struct epoll_event e = {EPOLLIN, {.ptr = &wake}};
  epoll_ctl(ep, EPOLL_CTL_ADD, wake, &e);
  int ls = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in sa = at(atoi(argv[1]));
  if (logfd < 0 || bind(ls, (void*)&sa, sizeof sa) || listen(ls, 1024)) {
    perror("setup");
    return 1;
  }
  e.data.ptr = &ls;
  epoll_ctl(ep, EPOLL_CTL_ADD, ls, &e);
  for (int i = 0; i < k; i++) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    sa = at(sinkport);
    if (connect(fd, (void*)&sa, sizeof sa)) {
      perror("sink");
      return 1;
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    fresh(fd, 1);
  }
  pthread_t t;
  pthread_create(&t, 0, logger, 0);
  for (;;) {
    struct epoll_event ev[256];
    int n = epoll_wait(ep, ev, 256, -1);
    for (int i = 0; i < n; i++) {
      if (ev[i].data.ptr == &ls) {
        for (int fd; (fd = accept4(ls, 0, 0, SOCK_NONBLOCK)) >= 0;) SAY(fresh(fd, 0), "220 limit.test ESMTP\r\n");
      } else if (ev[i].data.ptr == &wake) {
        uint64_t v;
        if (read(wake, &v, 8) < 0) continue;
        pthread_mutex_lock(&mu);
        join(&acks, &logged);
        pthread_mutex_unlock(&mu);
        acknowledge();
      } else {
        struct conn* c = ev[i].data.ptr;
        if (c->fd < 0) continue;
        if (ev[i].events & EPOLLOUT) push(c);
        if (!(ev[i].events & ~EPOLLOUT)) continue;
        if (c->cap - c->have < 4096) {
          c->cap *= 2;
          c->buf = realloc(c->buf, c->cap);
        }
        ssize_t r = read(c->fd, c->buf + c->have, c->cap - c->have);
        if (r <= 0) {
          if (r < 0 && errno == EAGAIN) continue;
          if (c->out) {
            fprintf(stderr, "sink closed\n");
            return 1;
          }
          drop(c);
          continue;
        }
        size_t from = c->have;
        c->have += r;
        if (c->out)
          outgoing(c);
        else
          incoming(c, from);
      }
    }
  }
}
