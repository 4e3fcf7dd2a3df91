/*
 * execl, execlp and execle: the functions of exec(3) whose arguments are a list. Each makes an array of the
 * list, as libc's own does, and calls the next function that takes an array.
 *
 * A child of vfork calls them too, and a signal handler: the array is on the stack.
 */
#include "hooks.h"

#include <stdarg.h>
#include <unistd.h>

extern char **environ;

/* How many arguments a list has, without the NULL at its end. The list is used up. */
static size_t count(const char *first, va_list *list)
{
    size_t number = 0;
    for (const char *one = first; one != NULL; one = va_arg(*list, const char *))
        number++;
    return number;
}

/* The same list, begun again, as an array. */
static void fill(char **array, size_t number, const char *first, va_list *list)
{
    for (size_t i = 0; i < number; i++)
        array[i] = i == 0 ? (char *)first : va_arg(*list, char *);
    array[number] = NULL;
}

/* In all three: `array` is the list, and what follows the list is for the caller. */
#define TAKE_LIST(first)                                                                           \
    va_list list;                                                                                  \
    va_start(list, first);                                                                         \
    size_t number = count(first, &list);                                                           \
    va_end(list);                                                                                  \
    char *array[number + 1];                                                                       \
    va_start(list, first);                                                                         \
    fill(array, number, first, &list)

/* Executes a program of the library's own, unseen: it exports execve, and must not call its own. */
void epshim_execute(const char *path, char *const *arguments, char *const *environment);
void epshim_execute(const char *path, char *const *arguments, char *const *environment)
{
    NEXT(execve)(path, arguments, environment);
}

static int ended(bool is_marked, int result)
{
    if (is_marked)
        on_exec_failed();
    return result;
}

int hook_execl(const char *path, const char *argument, ...)
{
    TAKE_LIST(argument);
    va_end(list);
    bool is_marked = has_begun && on_exec_begin();
    return ended(is_marked, NEXT(execve)(path, array, environ));
}

int hook_execlp(const char *file, const char *argument, ...)
{
    TAKE_LIST(argument);
    va_end(list);
    bool is_marked = has_begun && on_exec_begin();
    return ended(is_marked, NEXT(execvp)(file, array));
}

int hook_execle(const char *path, const char *argument, ...)
{
    TAKE_LIST(argument);
    if (number > 0)
        va_arg(list, char *); /* the NULL */
    char *const *environment = va_arg(list, char *const *);
    va_end(list);
    bool is_marked = has_begun && on_exec_begin();
    return ended(is_marked, NEXT(execve)(path, array, environment));
}
