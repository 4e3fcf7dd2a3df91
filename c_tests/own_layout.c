/* EPSHIM_ASSERT_EVENT_LAYOUT on structures of the user's own. CASE picks one: 0 is right on
 * x86-64, the others are wrong there, each in its own way, and must not compile. */
#include "epshim.h"

#if CASE == 0 /* right */
struct own_event {
    uint32_t events;
    uint64_t data;
} __attribute__((packed));
#elif CASE == 1 /* not packed: the man page's structure */
struct own_event {
    uint32_t events;
    uint64_t data;
};
#elif CASE == 2 /* packed, fields swapped */
struct own_event {
    uint64_t data;
    uint32_t events;
} __attribute__((packed));
#elif CASE == 3 /* right size and offsets, aligned to 4 */
struct own_event {
    uint32_t events;
    uint32_t data[2];
};
#elif CASE == 4 /* the data cut to 32 bits */
struct own_event {
    uint32_t events;
    uint32_t data;
    uint32_t rest;
} __attribute__((packed));
#elif CASE == 5 /* the events cut to 16 bits */
struct own_event {
    uint16_t events;
    uint16_t rest;
    uint64_t data;
} __attribute__((packed));
#endif

EPSHIM_ASSERT_EVENT_LAYOUT(struct own_event, events, data);

int main(void)
{
    return 0;
}
