/* Loads a library, and ends. */
#include "check.h"

#include <dlfcn.h>

int main(int argc, char **argv)
{
    CHECK_EQ(argc, 2);
    CHECK(dlopen(argv[1], RTLD_NOW) != NULL);
    return 5;
}
