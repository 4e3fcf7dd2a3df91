/* Methods in C that Java calls: each makes a call that fails (handler.c, which comes before this), from another place. */

#include <pthread.h>

typedef void *const *const *Env; /* JNIEnv *: a table of functions, by their places in jni.h */

int Java_App_create(Env env, void *class)
{
    (void)env, (void)class;
    return epoll_create1(0);
}

int Java_App_fails(Env env, void *class, int ep, int fd)
{
    (void)env, (void)class;
    return fails(ep, fd);
}

/* In a handler of signals. */
int Java_App_handled(Env env, void *class, int ep, int fd, int stack)
{
    (void)env, (void)class;
    return handle(ep, fd, stack);
}

/* While the collector may not move an array. */
int Java_App_critical(Env env, void *class, int ep, int fd, void *array)
{
    typedef void *(*Get)(Env, void *, void *);
    typedef void (*Release)(Env, void *, void *, int);
    void *bytes = ((Get)(*env)[222])(env, array, NULL);
    int result = fails(ep, fd);
    (void)class;
    ((Release)(*env)[223])(env, array, bytes, 0);
    return result;
}

/* While an exception is on its way. */
void Java_App_throwing(Env env, void *class, int ep, int fd)
{
    typedef void *(*Find)(Env, const char *);
    typedef int (*Throw)(Env, void *, const char *);
    void *runtime = ((Find)(*env)[6])(env, "java/lang/IllegalStateException");
    (void)class;
    ((Throw)(*env)[14])(env, runtime, "thrown");
    fails(ep, fd);
}

static int numbers[2];

static void *alone(void *argument)
{
    (void)argument;
    fails(numbers[0], numbers[1]);
    return NULL;
}

/* In a thread that the machine does not know. */
int Java_App_alone(Env env, void *class, int ep, int fd)
{
    pthread_t thread;
    (void)env, (void)class;
    numbers[0] = ep, numbers[1] = fd;
    return pthread_create(&thread, NULL, alone, NULL) || pthread_join(thread, NULL);
}
