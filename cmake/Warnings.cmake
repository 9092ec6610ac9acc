# One place for what every target of ours is compiled with.
add_library(meshprobe_warnings INTERFACE)
target_compile_options(meshprobe_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast -Wimplicit-fallthrough
  -Wcast-align -Woverloaded-virtual -Werror)
