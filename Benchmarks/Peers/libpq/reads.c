// Reads a row by its key as fast as libpq can: prepared, binary, pipelined, one Sync a batch, a batch in flight on each
// connection. Prints reads a second, mean seconds of a batch's round trip, and CPU seconds of this client a read.
// usage: reads URL QUERY-WITH-$1 PARAMETER CONNECTIONS BATCH SECONDS
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

static void fail(PGconn *connection) {
  fputs(PQerrorMessage(connection), stderr);
  exit(1);
}

static void send_batch(PGconn *connection, const char *parameter, int batch) {
  for (int i = 0; i < batch; i++)
    if (!PQsendQueryPrepared(connection, "read", 1, &parameter, NULL, NULL, 1)) fail(connection);
  if (!PQpipelineSync(connection) || PQflush(connection) < 0) fail(connection);
}

// How many rows came; *done tells whether the batch's Sync did.
static int receive(PGconn *connection, int *done) {
  int rows = 0;
  if (!PQconsumeInput(connection)) fail(connection);
  while (!*done && !PQisBusy(connection)) {
    PGresult *result = PQgetResult(connection);
    if (!result) continue;  // between two queries
    switch (PQresultStatus(result)) {
      case PGRES_TUPLES_OK: rows += PQntuples(result); break;
      case PGRES_PIPELINE_SYNC: *done = 1; break;
      default: fail(connection);
    }
    PQclear(result);
  }
  return rows;
}

int main(int count, char **arguments) {
  if (count != 7) return 64;
  const char *parameter = arguments[3];
  int connections = atoi(arguments[4]), batch = atoi(arguments[5]);
  double seconds = atof(arguments[6]), round_trips = 0;
  PGconn *all[connections];
  struct pollfd polls[connections];
  double sent[connections];
  long reads = 0, batches = 0;
  for (int i = 0; i < connections; i++) {
    all[i] = PQconnectdb(arguments[1]);
    if (PQstatus(all[i]) != CONNECTION_OK) fail(all[i]);
    PQclear(PQprepare(all[i], "read", arguments[2], 1, NULL));
    if (PQsetnonblocking(all[i], 1) || !PQenterPipelineMode(all[i])) fail(all[i]);
    polls[i] = (struct pollfd){.fd = PQsocket(all[i]), .events = POLLIN};
  }
  double begin = now(), end = begin + seconds, last = begin;
  for (int i = 0; i < connections; i++) sent[i] = now(), send_batch(all[i], parameter, batch);
  while (last < end) {
    if (poll(polls, connections, -1) < 0) return 1;
    for (int i = 0; i < connections; i++) {
      if (!polls[i].revents) continue;
      int done = 0;
      reads += receive(all[i], &done);
      if (!done) continue;
      last = now(), round_trips += last - sent[i], batches++;
      if (last < end) sent[i] = last, send_batch(all[i], parameter, batch);
    }
  }
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  double cpu = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
  printf("%f %f %.9f\n", reads / (last - begin), round_trips / batches, cpu / reads);
  for (int i = 0; i < connections; i++) PQfinish(all[i]);
}
