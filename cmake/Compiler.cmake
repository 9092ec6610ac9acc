# One place for what every target of ours is compiled with.
# gcc 12 sees overlapping copies in "[" + string at -O2 where there are none (GCC bug 105651).
add_library(meshprobe_warnings INTERFACE)
target_compile_options(meshprobe_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast -Wimplicit-fallthrough
  -Wcast-align -Woverloaded-virtual -Werror
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)

# A probe starts hundreds of times a minute: what it does not use is neither linked nor loaded (0.4 MiB less).
target_compile_options(meshprobe_warnings INTERFACE -ffunction-sections -fdata-sections)
add_link_options(-Wl,--gc-sections -Wl,--as-needed)

# meshprobe_hot_path(TARGET…): every byte passes through these, and tests send large bodies, also where sanitizers make
# each byte dear. All else is built without optimisation there: it takes half the time.
function(meshprobe_hot_path)
  if(MESHPROBE_FUZZ)
    foreach(target ${ARGN})
      target_compile_options(${target} PRIVATE -O1)
    endforeach()
  endif()
endfunction()
