// Swift's Glibc module holds neither epoll nor eventfd.
#include <sys/epoll.h>
#include <sys/eventfd.h>
