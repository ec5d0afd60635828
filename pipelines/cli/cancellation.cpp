// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/cancellation.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <string>
#include <system_error>
#include <unistd.h>

#include <poll.h>

#include "pipelines/cli/exit_code.h"
#include "pipelines/cli/standard_streams.h"

namespace scarp::cli {

namespace {

// A handler may only touch what is lock-free: it sends the signal's number through a pipe to the watching
// thread.
std::atomic<int> signals_seen = 0;
std::atomic<int> pipe_in = -1;
std::array<int, 2> signal_pipe = {-1, -1};
constexpr char kEndWatch = 0;

void on_signal(int number) {
  if (signals_seen.fetch_add(1) > 0) _exit(kCancelled);
  const int saved = errno;
  const char byte = static_cast<char>(number);
  [[maybe_unused]] const ssize_t written = ::write(pipe_in.load(), &byte, 1);
  errno = saved;
}

void handle_signals(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaction(number, &action, nullptr);
}

std::string signal_name(int number) {
  if (number == SIGINT) return "SIGINT";
  if (number == SIGTERM) return "SIGTERM";
  return "SIGHUP";
}

/// Reads what came; true if the other end is closed.
bool drained(int descriptor) {
  std::array<char, 4096> ignored;
  const ssize_t got = ::read(descriptor, ignored.data(), ignored.size());
  return got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN);
}

}  // namespace

Cancellation::Cancellation(const Options& options) {
  if (pipe2(signal_pipe.data(), O_CLOEXEC) != 0)
    throw std::system_error(errno, std::generic_category(), "pipe");
  pipe_in = signal_pipe[1];
  // A closed pipe and a file over its limit are errors of the call that meets them, which cleans up; not the
  // end of the program.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  watcher_ = std::thread([this, options] { watch(options); });
  handle_signals(on_signal);
}

Cancellation::~Cancellation() {
  handle_signals(SIG_DFL);
  [[maybe_unused]] const ssize_t written = ::write(signal_pipe[1], &kEndWatch, 1);
  watcher_.join();
  for (const int descriptor : signal_pipe) ::close(descriptor);
}

void Cancellation::request(std::string_view reason) {
  if (source_.request_stop()) write_stderr("cancelling: " + std::string(reason) + "\n");
}

void Cancellation::watch(Options options) {
  // poll passes over negative descriptors; for a pipe's writing end it reports POLLERR when the reader is
  // gone.
  std::array<pollfd, 3> watched = {{{signal_pipe[0], POLLIN, 0},
                                    {options.on_stdin_close ? STDIN_FILENO : -1, POLLIN, 0},
                                    {options.on_stdout_close ? STDOUT_FILENO : -1, 0, 0}}};
  while (true) {
    if (poll(watched.data(), watched.size(), -1) < 0) continue;
    if (watched[0].revents) {
      char number = kEndWatch;
      if (::read(watched[0].fd, &number, 1) != 1 || number == kEndWatch) return;
      request(signal_name(number) + " was received; a second signal ends at once");
    }
    if (watched[1].revents && drained(STDIN_FILENO)) {
      watched[1].fd = -1;
      request("standard input was closed");
    }
    if (watched[2].revents) {
      watched[2].fd = -1;
      request("nobody reads standard output any more");
    }
  }
}

}  // namespace scarp::cli
