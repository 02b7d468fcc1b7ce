"""Street names for a made-up city, Chinese and English."""

from __future__ import annotations

from typing import Final, NamedTuple


class Name(NamedTuple):
    """A name in Chinese and in English."""

    local: str
    english: str


def _words(text: str) -> list[str]:
    return text.split()


_STEMS: Final = _words("""
    人民 Renmin 中山 Zhongshan 建设 Jianshe 和平 Heping 新华 Xinhua 文化 Wenhua 青年 Qingnian
    胜利 Shengli 团结 Tuanjie 友谊 Youyi 光明 Guangming 学府 Xuefu 体育 Tiyu 公园 Gongyuan
    车站 Chezhan 振兴 Zhenxing 繁荣 Fanrong 富民 Fumin 兴业 Xingye 迎宾 Yingbin 朝阳 Chaoyang
    荷花 Hehua 桃园 Taoyuan 杏林 Xinglin 柳林 Liulin 竹园 Zhuyuan 兰亭 Lanting 菊园 Juyuan
    枫林 Fenglin 桂花 Guihua 银杏 Yinxing 紫荆 Zijing 芙蓉 Furong 牡丹 Mudan 海棠 Haitang
    丁香 Dingxiang 翠微 Cuiwei 云台 Yuntai 凤凰 Fenghuang 麒麟 Qilin 白鹭 Bailu 石桥 Shiqiao
    观澜 Guanlan 听涛 Tingtao 安康 Ankang 永宁 Yongning 长乐 Changle 太平 Taiping 吉祥 Jixiang
    如意 Ruyi 福星 Fuxing 景明 Jingming 德胜 Desheng 崇文 Chongwen 明德 Mingde 致远 Zhiyuan
    弘毅 Hongyi 博学 Boxue 求是 Qiushi 清泉 Qingquan 龙泉 Longquan 玉带 Yudai 金水 Jinshui
    银河 Yinhe 春晖 Chunhui 秋月 Qiuyue 锦绣 Jinxiu 康宁 Kangning 祥和 Xianghe 天福 Tianfu
    万寿 Wanshou 百花 Baihua 育才 Yucai 启明 Qiming 东升 Dongsheng 兴隆 Xinglong
    双桥 Shuangqiao 梧桐 Wutong 湖滨 Hubin 林荫 Linyin
""")

_LANES: Final = _words("""
    古井 Gujing 书院 Shuyuan 府前 Fuqian 学宫 Xuegong 文庙 Wenmiao 城隍 Chenghuang 米市 Mishi
    盐仓 Yancang 布市 Bushi 染坊 Ranfang 铁匠 Tiejiang 竹器 Zhuqi 渔市 Yushi 码头 Matou
    渡口 Dukou 柴市 Chaishi 酒坊 Jiufang 当铺 Dangpu 灯笼 Denglong 花市 Huashi 马号 Mahao
    箭道 Jiandao 茶馆 Chaguan 油坊 Youfang 豆腐 Doufu 银匠 Yinjiang 鞋匠 Xiejiang
    纸坊 Zhifang 伞市 Sanshi 磨坊 Mofang 戏台 Xitai 牌楼 Pailou 影壁 Yingbi
""")

_WORKS: Final = _words("""
    纺织 Fangzhi 机械 Jixie 钢铁 Gangtie 电子 Dianzi 轻工 Qinggong 物流 Wuliu 仓储 Cangchu
    港前 Gangqian 船厂 Chuanchang 创新 Chuangxin 科技 Keji 软件 Ruanjian 精密 Jingmi
    新材 Xincai 光电 Guangdian 制造 Zhizao
""")

_HILLS: Final = _words("""
    松涛 Songtao 梅岭 Meiling 云雾 Yunwu 竹海 Zhuhai 石门 Shimen 鹿鸣 Luming 望岳 Wangyue
    鹰嘴 Yingzui 清风 Qingfeng 明月 Mingyue 茶山 Chashan 白云 Baiyun
""")

_POOLS: Final = {"stems": _STEMS, "lanes": _LANES, "works": _WORKS, "hills": _HILLS}

_VARIANTS: Final = (
    ("", ""),
    ("东", " East"),
    ("西", " West"),
    ("南", " South"),
    ("北", " North"),
    ("一", " 1st"),
    ("二", " 2nd"),
    ("三", " 3rd"),
    ("四", " 4th"),
    ("五", " 5th"),
    ("六", " 6th"),
    ("七", " 7th"),
    ("八", " 8th"),
    ("九", " 9th"),
    ("十", " 10th"),
)


class Namer:
    """Hands out names, no name twice."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, str], int] = {}

    def name(self, pool: str, kind: Name) -> Name:
        """Give the next name of a pool for a kind of street, such as 路 Road."""
        count = self._given.get((pool, kind.local), 0)
        self._given[pool, kind.local] = count + 1
        words = _POOLS[pool]
        stems = len(words) // 2
        # Neighbours should not be one name's variants: all plain names first.
        stem, variant = count % stems, _VARIANTS[count // stems]
        local, english = words[2 * stem], words[2 * stem + 1]
        return Name(f"{local}{variant[0]}{kind.local}", f"{english}{variant[1]} {kind.english}")


ROAD: Final = Name("路", "Road")
STREET: Final = Name("街", "Street")
LANE: Final = Name("巷", "Lane")
ALLEY: Final = Name("弄", "Alley")
