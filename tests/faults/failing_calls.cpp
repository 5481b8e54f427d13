// SPDX-License-Identifier: MIT
// Functions of the C library, replaced in this program by functions that can fail and otherwise call the original.
#include "faults/failing_calls.hpp"

#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// The sanitizers replace these functions, too.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__) || !defined(__GLIBC__)
#define FAULTS_OFF
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define FAULTS_OFF
#endif
#endif

#ifdef FAULTS_OFF

namespace faults {
std::span<failing_function const> functions() noexcept { return {}; }
std::string_view error_name(int /*error*/) noexcept { return {}; }
void use(state& /*shared*/) noexcept {}
spared::spared() noexcept = default;
spared::~spared() = default;
}  // namespace faults

#else

namespace faults {

namespace {

enum function : std::size_t {
  allocate,
  open_file,
  close_file,
  read_file,
  pread_file,
  write_file,
  pwrite_file,
  pwritev2_file,
  fstat_file,
  lstat_path,
  stat_path,
  ftruncate_file,
  allocate_file,
  lseek_file,
  fsync_file,
  fdatasync_file,
  futimens_file,
  flock_file,
  fcntl_file,
  duplicate_file,
  rename_path,
  unlink_path,
  mkdir_path,
  rmdir_path,
  opendir_path,
  readdir_path,
  readlink_path,
  working_directory,
  random_bytes,
  pipe_pair,
  poll_files,
  control_device,
  sleep_briefly,
  make_socket,
  connect_socket,
  send_bytes,
  send_one_datagram,
  send_message,
  receive_bytes,
  getsockopt_socket,
  setsockopt_socket,
  resolve_host,
  make_memory_file,
  map_memory,
  unmap_memory,
  advise_memory,
  create_thread,
  create_key,
  set_specific,
  set_signal_stack,
  futex,
  membarrier,
  get_scheduling,
  set_scheduling,
  function_count
};

constexpr int of_allocate[] = {ENOMEM};
constexpr int of_open[] = {EINTR,  EACCES, EPERM,  ENOENT, EMFILE, ENFILE, ENOSPC,
                           EDQUOT, EROFS,  ENOMEM, EIO,    ELOOP,  ENOTDIR};
constexpr int of_close[] = {EINTR, EIO, ENOSPC, EDQUOT};
constexpr int of_read[] = {EINTR, EIO, half};
constexpr int of_write[] = {EINTR, EAGAIN, ENOSPC, EDQUOT, EIO, EPIPE, EFBIG, EPERM, half};
constexpr int of_pwrite[] = {EINTR, ENOSPC, EDQUOT, EIO, EFBIG, EPERM, half};
constexpr int of_pwritev2[] = {EINTR, EAGAIN, ENOSPC, EIO, EOPNOTSUPP, ENOSYS, half};
constexpr int of_status[] = {EIO, ENOMEM, EOVERFLOW};
constexpr int of_path_status[] = {EACCES, EIO, ENOMEM};
constexpr int of_fallocate[] = {EINTR, EIO, ENOSPC, EFBIG, EINVAL, EOPNOTSUPP};
constexpr int of_getentropy[] = {EIO, ENOSYS};
constexpr int of_futimens[] = {EACCES, EPERM, EROFS};
constexpr int of_ftruncate[] = {EINTR, EIO, EPERM, EFBIG, EROFS};
constexpr int of_lseek[] = {EINVAL, ENXIO};
constexpr int of_sync[] = {EINTR, EIO, ENOSPC, EDQUOT, EROFS};
constexpr int of_flock[] = {EINTR, EWOULDBLOCK, ENOLCK};
constexpr int of_fcntl[] = {EINTR, EAGAIN, EACCES, EMFILE, ENOLCK, EINVAL};
constexpr int of_dup2[] = {EINTR, EBUSY};
constexpr int of_rename[] = {EACCES, EPERM, ENOENT, ENOSPC, EDQUOT, EROFS, EIO, EXDEV, EBUSY};
constexpr int of_unlink[] = {EACCES, EPERM, EROFS, EIO, EBUSY};
constexpr int of_mkdir[] = {EACCES, EPERM, EEXIST, ENOSPC, EDQUOT, EROFS, EMLINK, ENOENT};
constexpr int of_rmdir[] = {EACCES, EPERM, EBUSY, ENOTEMPTY, EROFS, EIO};
constexpr int of_opendir[] = {EACCES, EMFILE, ENFILE, ENOENT, ENOMEM};
constexpr int of_readdir[] = {EIO};
constexpr int of_readlink[] = {EACCES, EIO, ENOENT};
constexpr int of_getcwd[] = {EACCES, ENOENT, ENOMEM};
constexpr int of_ioctl[] = {EINVAL, ENOTTY};
constexpr int of_nanosleep[] = {EINTR};
constexpr int of_pipe[] = {EMFILE, ENFILE};
constexpr int of_poll[] = {EINTR, ENOMEM};
constexpr int of_send[] = {EINTR, EAGAIN, EPIPE, ECONNRESET, ENOBUFS, ENOMEM, half};
constexpr int of_send_datagram[] = {EINTR, EAGAIN, ECONNREFUSED, ECONNRESET, ENOBUFS, ENOMEM, EMSGSIZE};
constexpr int of_sendmsg[] = {EINTR, EAGAIN, ECONNREFUSED, ENOBUFS, ENOMEM, EMFILE, ETOOMANYREFS};
constexpr int of_recv[] = {EINTR, EAGAIN, ECONNRESET, ETIMEDOUT, ENOMEM};
constexpr int of_socket[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM, EACCES};
constexpr int of_connect[] = {EINTR,  EAGAIN,        ECONNREFUSED, ENETUNREACH,
                              ENOENT, EADDRNOTAVAIL, ETIMEDOUT,    EACCES};
constexpr int of_getsockopt[] = {ENOMEM};
constexpr int of_setsockopt[] = {ENOBUFS, ENOMEM, EINVAL, ENOPROTOOPT};
constexpr int of_getaddrinfo[] = {EAI_AGAIN, EAI_FAIL, EAI_MEMORY, EAI_NONAME, EAI_SYSTEM};
constexpr int of_memfd_create[] = {EMFILE, ENFILE, ENOMEM, ENOSYS};
constexpr int of_mmap[] = {ENOMEM, EAGAIN, EPERM};
constexpr int of_munmap[] = {ENOMEM};
constexpr int of_madvise[] = {ENOMEM, EINVAL, EAGAIN};
constexpr int of_create[] = {EAGAIN, EPERM};
constexpr int of_key[] = {EAGAIN, ENOMEM};
constexpr int of_setspecific[] = {ENOMEM};
constexpr int of_sigaltstack[] = {ENOMEM};
constexpr int of_futex[] = {EINTR, EAGAIN, ENOSYS};
constexpr int of_membarrier[] = {ENOMEM, EPERM, ENOSYS};
constexpr int of_scheduling[] = {EPERM, EINVAL, ENOSYS};

constexpr failing_function all[] = {
    {"allocate", of_allocate},
    {"open", of_open},
    {"close", of_close},
    {"read", of_read},
    {"pread", of_read},
    {"write", of_write},
    {"pwrite", of_pwrite},
    {"pwritev2", of_pwritev2},
    {"fstat", of_status},
    {"lstat", of_path_status},
    {"stat", of_path_status},
    {"ftruncate", of_ftruncate},
    {"posix_fallocate", of_fallocate},
    {"lseek", of_lseek},
    {"fsync", of_sync},
    {"fdatasync", of_sync},
    {"futimens", of_futimens},
    {"flock", of_flock},
    {"fcntl", of_fcntl},
    {"dup2", of_dup2},
    {"rename", of_rename},
    {"unlink", of_unlink},
    {"mkdir", of_mkdir},
    {"rmdir", of_rmdir},
    {"opendir", of_opendir},
    {"readdir", of_readdir},
    {"readlink", of_readlink},
    {"getcwd", of_getcwd},
    {"getentropy", of_getentropy},
    {"pipe", of_pipe},
    {"poll", of_poll},
    {"ioctl", of_ioctl},
    {"nanosleep", of_nanosleep},
    {"socket", of_socket},
    {"connect", of_connect},
    {"send", of_send},
    {"send_datagram", of_send_datagram},
    {"sendmsg", of_sendmsg},
    {"recv", of_recv},
    {"getsockopt", of_getsockopt},
    {"setsockopt", of_setsockopt},
    {"getaddrinfo", of_getaddrinfo},
    {"memfd_create", of_memfd_create},
    {"mmap", of_mmap},
    {"munmap", of_munmap},
    {"madvise", of_madvise},
    {"pthread_create", of_create},
    {"pthread_key_create", of_key},
    {"pthread_setspecific", of_setspecific},
    {"sigaltstack", of_sigaltstack},
    {"futex", of_futex},
    {"membarrier", of_membarrier},
    {"sched_getattr", of_scheduling},
    {"sched_setattr", of_scheduling},
};
static_assert(std::size(all) == function_count);

state* current = nullptr;
thread_local bool is_spared __attribute__((tls_model("initial-exec"))) = false;

/// The error with which this call must fail, or 0.
int error_of(function which) noexcept {
  if (current == nullptr || !current->is_active.load(std::memory_order_relaxed) || is_spared) return 0;
  std::size_t const number = current->calls[which].fetch_add(1, std::memory_order_relaxed);
  plan const& now = current->now;
  bool const fails = now.function == which && number >= now.first && number - now.first < now.count;
  return fails ? now.error : 0;
}

/// Sets errno if this call must fail with it.
bool fails(function which) noexcept {
  int const error = error_of(which);
  if (error > 0) errno = error;
  return error > 0;
}

/// Limits the number of bytes if this call must transfer half of them.
template <class Call>
::ssize_t transferred(function which, std::size_t size, Call&& call) noexcept {
  int const error = error_of(which);
  if (error > 0) {
    errno = error;
    return -1;
  }
  return call(error == half && size > 1 ? size / 2 : size);
}

bool is_pipe(int descriptor) noexcept {
  struct ::stat s {};
  return ::syscall(SYS_fstat, descriptor, &s) == 0 && S_ISFIFO(s.st_mode);
}

bool is_stream(int descriptor) noexcept {
  int type = 0;
  ::socklen_t size = sizeof type;
  return ::syscall(SYS_getsockopt, descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

/// Larger datagrams are too large, so that a program has to take another way for them.
constexpr std::size_t max_datagram = 2'000;

template <class F>
F* find(char const* name) noexcept {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

std::span<failing_function const> functions() noexcept { return all; }

std::string_view error_name(int error) noexcept {
  if (error == half) return "half";
  return error < 0 ? ::gai_strerror(error) : ::strerrorname_np(error);
}

void use(state& shared) noexcept { current = &shared; }

spared::spared() noexcept { is_spared = true; }
spared::~spared() { is_spared = false; }

}  // namespace faults

using namespace faults;

// The original of the function in which it stands.
#define FAULTS_ORIGINAL(name)                                 \
  (*[] {                                                      \
    static auto* const found = find<decltype(::name)>(#name); \
    return found;                                             \
  }())

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) noexcept { return fails(allocate) ? nullptr : __libc_malloc(size); }
void* calloc(std::size_t count, std::size_t size) noexcept {
  return fails(allocate) ? nullptr : __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) noexcept {
  return fails(allocate) ? nullptr : __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return fails(allocate) ? nullptr : __libc_memalign(alignment, size);
}

int open(char const* path, int flags, ...) {
  ::mode_t mode = 0;
  if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, ::mode_t);
    va_end(arguments);
  }
  return fails(open_file) ? -1 : FAULTS_ORIGINAL(open)(path, flags, mode);
}
int close(int descriptor) {
  int const error = error_of(close_file);
  int const result = FAULTS_ORIGINAL(close)(descriptor);  // Linux closes it, whatever it returns
  if (error == 0) return result;
  errno = error;
  return -1;
}
::ssize_t read(int descriptor, void* to, std::size_t size) {
  return transferred(read_file, size,
                     [&](std::size_t n) { return FAULTS_ORIGINAL(read)(descriptor, to, n); });
}
::ssize_t pread(int descriptor, void* to, std::size_t size, ::off_t offset) {
  return transferred(pread_file, size,
                     [&](std::size_t n) { return FAULTS_ORIGINAL(pread)(descriptor, to, n, offset); });
}
::ssize_t write(int descriptor, void const* from, std::size_t size) {
  // A pipe that wakes a thread has room and a reader, so that no other error is possible.
  if (size == 1 && is_pipe(descriptor)) {
    bool const is_interrupted = error_of(write_file) == EINTR;
    if (!is_interrupted) return FAULTS_ORIGINAL(write)(descriptor, from, size);
    errno = EINTR;
    return -1;
  }
  return transferred(write_file, size,
                     [&](std::size_t n) { return FAULTS_ORIGINAL(write)(descriptor, from, n); });
}
::ssize_t pwrite(int descriptor, void const* from, std::size_t size, ::off_t offset) {
  return transferred(pwrite_file, size,
                     [&](std::size_t n) { return FAULTS_ORIGINAL(pwrite)(descriptor, from, n, offset); });
}
::ssize_t pwritev2(int descriptor, ::iovec const* pieces, int count, ::off_t offset, int flags) {
  ::iovec first = count == 1 ? pieces[0] : ::iovec{};
  return transferred(pwritev2_file, first.iov_len, [&](std::size_t n) {
    first.iov_len = n;
    return FAULTS_ORIGINAL(pwritev2)(descriptor, count == 1 ? &first : pieces, count, offset, flags);
  });
}
int fstat(int descriptor, struct ::stat* to) noexcept {
  return fails(fstat_file) ? -1 : FAULTS_ORIGINAL(fstat)(descriptor, to);
}
int lstat(char const* path, struct ::stat* to) noexcept {
  return fails(lstat_path) ? -1 : FAULTS_ORIGINAL(lstat)(path, to);
}
int stat(char const* path, struct ::stat* to) noexcept {
  return fails(stat_path) ? -1 : FAULTS_ORIGINAL(stat)(path, to);
}
int ftruncate(int descriptor, ::off_t size) noexcept {
  return fails(ftruncate_file) ? -1 : FAULTS_ORIGINAL(ftruncate)(descriptor, size);
}
::off_t lseek(int descriptor, ::off_t offset, int whence) noexcept {
  return fails(lseek_file) ? -1 : FAULTS_ORIGINAL(lseek)(descriptor, offset, whence);
}
int fsync(int descriptor) { return fails(fsync_file) ? -1 : FAULTS_ORIGINAL(fsync)(descriptor); }
int posix_fallocate(int descriptor, ::off_t from, ::off_t size) {
  int const error = error_of(allocate_file);
  return error != 0 ? error : FAULTS_ORIGINAL(posix_fallocate)(descriptor, from, size);
}
int futimens(int descriptor, ::timespec const* times) noexcept {
  return fails(futimens_file) ? -1 : FAULTS_ORIGINAL(futimens)(descriptor, times);
}
int fdatasync(int descriptor) { return fails(fdatasync_file) ? -1 : FAULTS_ORIGINAL(fdatasync)(descriptor); }
int flock(int descriptor, int operation) noexcept {
  return fails(flock_file) ? -1 : FAULTS_ORIGINAL(flock)(descriptor, operation);
}
int fcntl(int descriptor, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void* const argument = va_arg(arguments, void*);  // an int is passed in the same way
  va_end(arguments);
  return fails(fcntl_file) ? -1 : FAULTS_ORIGINAL(fcntl)(descriptor, command, argument);
}
int dup2(int from, int to) noexcept { return fails(duplicate_file) ? -1 : FAULTS_ORIGINAL(dup2)(from, to); }
int rename(char const* from, char const* to) noexcept {
  return fails(rename_path) ? -1 : FAULTS_ORIGINAL(rename)(from, to);
}
int unlink(char const* path) noexcept { return fails(unlink_path) ? -1 : FAULTS_ORIGINAL(unlink)(path); }
int mkdir(char const* path, ::mode_t mode) noexcept {
  return fails(mkdir_path) ? -1 : FAULTS_ORIGINAL(mkdir)(path, mode);
}
int rmdir(char const* path) noexcept { return fails(rmdir_path) ? -1 : FAULTS_ORIGINAL(rmdir)(path); }
::DIR* opendir(char const* path) { return fails(opendir_path) ? nullptr : FAULTS_ORIGINAL(opendir)(path); }
::dirent* readdir(::DIR* directory) {
  return fails(readdir_path) ? nullptr : FAULTS_ORIGINAL(readdir)(directory);
}
::ssize_t readlink(char const* path, char* to, std::size_t size) noexcept {
  return fails(readlink_path) ? -1 : FAULTS_ORIGINAL(readlink)(path, to, size);
}
char* getcwd(char* to, std::size_t size) noexcept {
  return fails(working_directory) ? nullptr : FAULTS_ORIGINAL(getcwd)(to, size);
}
int getentropy(void* to, std::size_t size) {
  return fails(random_bytes) ? -1 : FAULTS_ORIGINAL(getentropy)(to, size);
}
int ioctl(int descriptor, unsigned long request, ...) noexcept {
  va_list arguments;
  va_start(arguments, request);
  void* const argument = va_arg(arguments, void*);
  va_end(arguments);
  return fails(control_device) ? -1 : FAULTS_ORIGINAL(ioctl)(descriptor, request, argument);
}
int nanosleep(::timespec const* time, ::timespec* rest) {
  return fails(sleep_briefly) ? -1 : FAULTS_ORIGINAL(nanosleep)(time, rest);
}
int pipe(int ends[2]) noexcept { return fails(pipe_pair) ? -1 : FAULTS_ORIGINAL(pipe)(ends); }
int poll(::pollfd* files, ::nfds_t count, int timeout) {
  return fails(poll_files) ? -1 : FAULTS_ORIGINAL(poll)(files, count, timeout);
}
int socket(int family, int type, int protocol) noexcept {
  return fails(make_socket) ? -1 : FAULTS_ORIGINAL(socket)(family, type, protocol);
}
int connect(int descriptor, ::sockaddr const* address, ::socklen_t size) {
  return fails(connect_socket) ? -1 : FAULTS_ORIGINAL(connect)(descriptor, address, size);
}
::ssize_t send(int descriptor, void const* from, std::size_t size, int flags) {
  if (current != nullptr && !is_stream(descriptor)) {
    if (fails(send_one_datagram)) return -1;
    if (size <= max_datagram) return FAULTS_ORIGINAL(send)(descriptor, from, size, flags);
    errno = EMSGSIZE;
    return -1;
  }
  return transferred(send_bytes, size,
                     [&](std::size_t n) { return FAULTS_ORIGINAL(send)(descriptor, from, n, flags); });
}
::ssize_t sendmsg(int descriptor, ::msghdr const* message, int flags) {
  return fails(send_message) ? -1 : FAULTS_ORIGINAL(sendmsg)(descriptor, message, flags);
}
int sendmmsg(int descriptor, ::mmsghdr* messages, unsigned count, int flags) {
  if (current == nullptr) return FAULTS_ORIGINAL(sendmmsg)(descriptor, messages, count, flags);
  if (fails(send_one_datagram)) return -1;
  unsigned fitting = 0;
  while (fitting < count && messages[fitting].msg_hdr.msg_iov->iov_len <= max_datagram) ++fitting;
  if (fitting != 0) return FAULTS_ORIGINAL(sendmmsg)(descriptor, messages, fitting, flags);
  errno = EMSGSIZE;
  return -1;
}
::ssize_t recv(int descriptor, void* to, std::size_t size, int flags) {
  return fails(receive_bytes) ? -1 : FAULTS_ORIGINAL(recv)(descriptor, to, size, flags);
}
int getsockopt(int descriptor, int level, int name, void* value, ::socklen_t* size) noexcept {
  return fails(getsockopt_socket) ? -1 : FAULTS_ORIGINAL(getsockopt)(descriptor, level, name, value, size);
}
int setsockopt(int descriptor, int level, int name, void const* value, ::socklen_t size) noexcept {
  return fails(setsockopt_socket) ? -1 : FAULTS_ORIGINAL(setsockopt)(descriptor, level, name, value, size);
}
int getaddrinfo(char const* host, char const* port, ::addrinfo const* hints, ::addrinfo** result) {
  int const error = error_of(resolve_host);
  if (error == 0) return FAULTS_ORIGINAL(getaddrinfo)(host, port, hints, result);
  errno = EIO;  // of EAI_SYSTEM
  return error;
}
int memfd_create(char const* name, unsigned flags) noexcept {
  return fails(make_memory_file) ? -1 : FAULTS_ORIGINAL(memfd_create)(name, flags);
}
void* mmap(void* address, std::size_t size, int protection, int flags, int descriptor,
           ::off_t offset) noexcept {
  return fails(map_memory) ? MAP_FAILED
                           : FAULTS_ORIGINAL(mmap)(address, size, protection, flags, descriptor, offset);
}
int munmap(void* address, std::size_t size) noexcept {
  return fails(unmap_memory) ? -1 : FAULTS_ORIGINAL(munmap)(address, size);
}
int madvise(void* address, std::size_t size, int advice) noexcept {
  return fails(advise_memory) ? -1 : FAULTS_ORIGINAL(madvise)(address, size, advice);
}
int pthread_create(::pthread_t* to, ::pthread_attr_t const* attributes, void* (*run)(void*),
                   void* argument) noexcept {
  int const error = error_of(create_thread);
  return error != 0 ? error : FAULTS_ORIGINAL(pthread_create)(to, attributes, run, argument);
}
int pthread_key_create(::pthread_key_t* key, void (*destroy)(void*)) noexcept {
  int const error = error_of(create_key);
  return error != 0 ? error : FAULTS_ORIGINAL(pthread_key_create)(key, destroy);
}
int pthread_setspecific(::pthread_key_t key, void const* value) noexcept {
  int const error = error_of(set_specific);
  return error != 0 ? error : FAULTS_ORIGINAL(pthread_setspecific)(key, value);
}
int sigaltstack(::stack_t const* next, ::stack_t* before) noexcept {
  return fails(set_signal_stack) ? -1 : FAULTS_ORIGINAL(sigaltstack)(next, before);
}
long syscall(long number, ...) noexcept {
  long values[6];
  va_list arguments;
  va_start(arguments, number);
  for (long& value : values) value = va_arg(arguments, long);
  va_end(arguments);
  if (number == SYS_futex && fails(futex)) return -1;
  if (number == SYS_membarrier && fails(membarrier)) return -1;
  if (number == SYS_sched_getattr && fails(get_scheduling)) return -1;
  if (number == SYS_sched_setattr && fails(set_scheduling)) return -1;
  return FAULTS_ORIGINAL(syscall)(number, values[0], values[1], values[2], values[3], values[4], values[5]);
}
}

#endif
