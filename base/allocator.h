#ifndef PENSTOCK_BASE_ALLOCATOR_H_
#define PENSTOCK_BASE_ALLOCATOR_H_

namespace penstock {

// Has glibc's allocator keep what is freed instead of giving it back to the system and faulting it
// in again, which by default is a third of what a received byte costs; and keep it where other
// threads find it. For processes that move objects; before they start a thread.
void TuneAllocator();

}  // namespace penstock

#endif  // PENSTOCK_BASE_ALLOCATOR_H_
