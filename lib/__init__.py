"""Reading Buildings: the methods of four works on taking the built world apart, on one city."""

from lib.kernel_cache import use_kernel_folder

use_kernel_folder()
